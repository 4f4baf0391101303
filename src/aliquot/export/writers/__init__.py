"""Export writers, one file per artefact, each with a ``WRITER``; found by scanning this folder."""
