"""From a file to checked, split examples: formats, reading, validation, splits, overlaps, what a test can show."""
