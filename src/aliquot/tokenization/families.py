"""Which model families compute shared prefixes once, and why the others do not.

A family joins when its loss and gradient on a prefix tree were shown equal to those of rows computed one by
one: tests/unit/modeling/test_families.py. The plan tells the reason, the worker acts on it.
"""

from __future__ import annotations

SHARING_FAMILIES = frozenset(
    {
        "gemma",
        "gemma2",
        "gemma3",
        "gemma3_text",
        "gpt_neox",
        "granite",
        "llama",
        "ministral",
        "mistral",
        "olmo2",
        "phi",
        "phi3",
        "qwen2",
        "qwen3",
        "smollm3",
    }
)
"""Names as in ``model_type`` of a model's config.json."""

_CHOOSES_EXPERTS = (
    "its layers choose experts for each token, and where two are nearly equal another order of sums "
    "chooses another one"
)
_CARRIES_A_STATE = "its layers carry a state from token to token, which cannot branch"
_UNTRIED = "its family was not shown to give equal gradients on shared prefixes"

_REASONS = {
    **dict.fromkeys(
        (
            "deepseek_v2",
            "deepseek_v3",
            "glm4_moe",
            "gpt_oss",
            "granitemoe",
            "mixtral",
            "olmoe",
            "phimoe",
            "qwen2_moe",
            "qwen3_moe",
        ),
        _CHOOSES_EXPERTS,
    ),
    **dict.fromkeys(
        (
            "bamba",
            "falcon_h1",
            "falcon_mamba",
            "granitemoehybrid",
            "jamba",
            "lfm2",
            "mamba",
            "mamba2",
            "nemotron_h",
            "qwen3_next",
            "recurrent_gemma",
            "rwkv",
            "zamba",
            "zamba2",
        ),
        _CARRIES_A_STATE,
    ),
}


def find_obstacle(model_type: str) -> str | None:
    """Return why a family computes each row by itself, as half a sentence; None when it shares prefixes."""
    return None if model_type in SHARING_FAMILIES else _REASONS.get(model_type, _UNTRIED)
