"""Models and adapters: loading, precision, the forward pass over a prefix tree. Torch from here on."""
