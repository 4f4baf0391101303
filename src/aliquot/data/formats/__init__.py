"""Data formats: one file each with a ``FORMAT``; a ten-line sample in ``tests/contract/samples`` tests it."""
