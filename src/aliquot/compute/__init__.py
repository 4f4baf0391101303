"""Where workers run: one small protocol, one file per kind of place."""
