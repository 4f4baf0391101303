"""Recipes, one a file with a ``RECIPE``: the published settings of papers, products and notebooks."""
