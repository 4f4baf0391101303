"""Inference engines, one file each, named by the file."""
