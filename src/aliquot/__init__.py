"""Aliquot: fine-tune open-weight language models on any machine, and publish exactly what you did."""
