"""Conversations to token ids with a loss mask, prefix trees, order of batches. Both planes; no torch."""
