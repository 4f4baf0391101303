"""From a file to checked, split examples; ``check.py`` is the entrance and reads top to bottom."""
