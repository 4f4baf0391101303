"""The report page: a module per group of sections gathers what a template prints, ``render.py`` joins all."""
