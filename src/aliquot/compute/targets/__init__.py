"""Compute targets, one file each, with one attribute ``TARGET``; see ``compute/target.py``."""
