"""Programs that run where the accelerator is: they read a run directory and append to it."""
