"""Automatic settings: which base, every value with its reason and source, and what the run will cost."""
