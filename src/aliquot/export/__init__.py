"""What a run leaves for people: the report page, figures, tables, the methods text, a script to repeat it.

``write.py`` is the entrance; one file in ``writers/`` per artefact, one in ``figures/`` per figure.
Everything is read from a run directory, nothing is computed twice, and the same directory gives the same
bytes.
"""
