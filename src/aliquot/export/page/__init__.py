"""The report page: one module per group of sections gathers what a template prints, ``render.py`` joins them."""
