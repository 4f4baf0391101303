"""How many tokens of a plain text are trained or scored at once, where nobody has said."""

DEFAULT_WINDOW = 1_024
"""Four times what BERT-sized models of domain text saw, and a pass that fits where a plan fits at all."""


def choose_window(max_seq_len: int | None, context_window: int) -> int:
    """Return the longest window in tokens: what was set or 1,024, and never more than the model sees."""
    return min(max_seq_len or DEFAULT_WINDOW, context_window)
