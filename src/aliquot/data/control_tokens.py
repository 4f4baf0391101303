"""Control tokens of chat templates that stand in a text as if they were words.

A tokenizer reads them as commands: a row that holds one may end, or begin a turn, in its middle.
Sources: the model cards and chat templates of Llama 2 and 3, Mistral, Gemma, Phi, Qwen (ChatML), DeepSeek
and gpt-oss (harmony).
"""

from __future__ import annotations

import re

from aliquot.data.pattern import Pattern

_ANGLED = (
    "s",  # Llama 1 and 2, Mistral
    "bos",  # Gemma
    "eos",
    "pad",
    "unk",
    "start_of_turn",
    "end_of_turn",
    "tool_call",  # Qwen, Hermes
    "tool_response",
    "fim_prefix",  # StarCoder
    "fim_middle",
    "fim_suffix",
)
_SQUARE = (
    "INST",  # Llama 2, Mistral
    "AVAILABLE_TOOLS",
    "TOOL_CALLS",
    "TOOL_RESULTS",
    "SYSTEM_PROMPT",
)

PATTERNS = (
    Pattern(
        name="control_token",
        kind="control",
        title="control tokens of a chat template",
        remedy="Take them out, unless the model is to write them: a tokenizer may read them as commands. "
        "Aliquot adds the base model's own where they belong.",
        # <|im_start|> and its like; the full-width bars are DeepSeek's; <<SYS>> is Llama 2's.
        regex=re.compile(
            r"<\|[A-Za-z0-9_]{1,40}\|>|<｜[^<>｜\s]{1,40}｜>|<</?SYS>>"
            rf"|</?(?:{'|'.join(_ANGLED)})>|\[/?(?:{'|'.join(_SQUARE)})\]"
        ),
        triggers=("<", "["),
    ),
    Pattern(
        name="reasoning_marker",
        kind="control",
        title="marks of a model's reasoning (<think>)",
        remedy="Keep them only if the base model reasons in these marks and the answers shall, too.",
        regex=re.compile(r"</?think(?:ing)?>"),
        triggers=("<think", "</think"),
    ),
)
