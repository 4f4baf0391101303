"""The verbs of the product, one file each: the only place where the stages meet."""
