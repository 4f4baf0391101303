"""Kinds of graders, one file each."""
