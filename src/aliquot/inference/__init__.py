"""Answers from a model: one protocol, one engine per file."""
