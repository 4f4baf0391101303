"""A tiny model folder, made from nothing: two Llama layers with random weights and a ByteLevel BPE tokenizer.

Used through the fixture ``tiny_model_dir``. By hand: ``python -m tests.tiny_model FOLDER``.
torch and transformers are imported only when it is made.
"""

from __future__ import annotations

import sys
from pathlib import Path

SENTENCES = (
    "The solubility of ethanol in water is high.",
    "Is this film review positive or negative? Answer with one word.",
    "positive negative low medium high yes no",
    "A moving story, told with warmth; the ending is a mess, though.",
    "CCO c1ccccc1 CC(=O)O N#N [Na+].[Cl-] 0 1 2 3 4 5 6 7 8 9",
    "You classify molecules by their solubility. Name the class: low, medium or high.",
    "Grüße aus Zürich, naïve façade, Ελληνικά, 分子, 🧪",
)

CHAT_TEMPLATE = """\
{%- for message in messages -%}
{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""
"""ChatML, the template of the SmolLM and Qwen families, without a default system message."""

SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MAX_VOCAB_SIZE = 512


def save_tiny_model(folder: Path, *, seed: int = 0) -> None:
    """Write config, weights, tokenizer and chat template into ``folder``; same seed, same bytes."""
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=_train_tokenizer(), eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    end_of_turn, padding = tokenizer.eos_token_id, tokenizer.pad_token_id
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        # Wider than usual, so that random weights give distinct answers to distinct prompts.
        initializer_range=0.1,
        bos_token_id=None,
        eos_token_id=end_of_turn,
        pad_token_id=padding,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(eos_token_id=end_of_turn, pad_token_id=padding)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _train_tokenizer():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=MAX_VOCAB_SIZE,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES * 4, trainer)
    return tokenizer


if __name__ == "__main__":
    save_tiny_model(Path(sys.argv[1]))
