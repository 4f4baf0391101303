"""Metrics, one file each with a ``METRIC``; see `aliquot.evaluation.metric`."""
