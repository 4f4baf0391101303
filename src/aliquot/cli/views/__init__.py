"""Records as rich renderables, one file per kind; nothing here prints."""
