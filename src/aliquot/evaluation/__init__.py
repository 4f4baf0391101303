"""Scores, statistics and baselines: from answers to a report, on any machine, without torch."""
