"""What a person may set, from a file, flags or the environment."""
