"""What lengths in tokens mean for the work: how much of it is always the same."""

from __future__ import annotations

from aliquot.core.dataset import TokenProfile
from aliquot.export.wording import listed


def describe_windows(tokens: TokenProfile) -> str:
    """Return in words what became of plain texts longer than a window."""
    if not tokens.num_cut:
        return f"Each of the {tokens.num_windows:,} texts is one window."
    texts = "1 text is" if tokens.num_cut == 1 else f"{tokens.num_cut:,} texts are"
    return (
        f"{texts} longer than a window; in all there are {tokens.num_windows:,} windows, each trained as a "
        "row. No token is left out."
    )


def describe_sharing(tokens: TokenProfile) -> str:
    """Return in words what rows have in common, and how much computing that once can save, at most."""
    if tokens.num_windows:
        return describe_windows(tokens)
    sharing = tokens.prefix_sharing
    system = (
        f"System messages are {100 * tokens.system_share:.0f} % of all tokens. "
        if tokens.system_share
        else ""
    )
    bounds = [
        f"{bound:.1f}× in batches of {size}" for size, bound in sharing.items() if size not in ("1", "all")
    ]
    return (
        f"{system}All rows begin with the same {tokens.shared_prefix:,} tokens. Computing shared beginnings "
        f"once saves at most {listed(bounds)} ({sharing['all']:.1f}× over the whole split)."
    )
