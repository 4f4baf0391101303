"""The command line: one file per verb, each parses, calls a workflow and shows its record."""
