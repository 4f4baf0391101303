"""Plain frozen records that every layer may exchange; no torch, no I/O beyond the run directory."""
