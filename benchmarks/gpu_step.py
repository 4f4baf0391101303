"""What does a training pass take on this GPU? Forward and backward over random weights, no download.

    python benchmarks/gpu_step.py

Models of the shape of SmolLM2-135M and Llama-3.2-1B with LoRA in bfloat16, rows of 512 tokens of which 16 are
trained, packs of 1,536 to 65,536 tokens. Prints time, speed and memory beside what the plan estimates; about
two minutes. Without a GPU it says so.
"""

from __future__ import annotations

import random
import statistics
import time
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from aliquot.core.model import Architecture
from aliquot.core.spec import TrainingSpec
from aliquot.modeling.adapter import add_adapter
from aliquot.modeling.forward import attention_of, token_losses
from aliquot.modeling.load import require_determinism, set_determinism
from aliquot.modeling.tree_attention import NAME as TREE_ATTENTION
from aliquot.plan.bases import find_base
from aliquot.plan.cost import PASS_S_PER_LAYER, CostModel
from aliquot.tokenization.encoder import EncodedRow
from aliquot.training.optimizer import trained_parameters
from aliquot.worker.probe import probe

BASES = ("smollm2-135m-instruct", "llama-3.2-1b-instruct")
PACK_TOKENS = (1_536, 4_096, 16_384, 65_536)
ROW_TOKENS, TRAINED_TOKENS = 512, 16
NUM_PASSES = 5
SPEC = TrainingSpec(
    seed=0,
    lora_rank=16,
    lora_alpha=32,
    lora_dropout=0.05,
    target_modules=("all-linear",),
    learning_rate=1e-4,
    schedule="constant",
    warmup_ratio=0.0,
    num_epochs=1,
    batch_size=32,
    micro_batch_size=32,
    weight_decay=0.0,
    max_grad_norm=1.0,
    max_seq_len=ROW_TOKENS,
    precision="bfloat16",
    device="cuda",
    num_threads=1,
    validation_interval_steps=1,
    checkpoint_interval_steps=1,
    num_checkpoints_kept=1,
    early_stopping_patience=0,
    num_steps=1,
)


def main() -> None:
    """Print one line per model and pack."""
    if not torch.cuda.is_available():
        print(f"No NVIDIA GPU here: torch {torch.__version__} sees none. Nothing was measured.")
        return
    set_determinism(1, "cuda")
    device = probe("cuda")
    print(f"{device.name}, torch {torch.__version__}, {device.gflops['bfloat16']:,.0f} GFLOP/s in bfloat16\n")
    print(
        "| model | attention | tokens a pass | s (fastest to slowest) | estimate | tokens/s | GB | estimate |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name in BASES:
        base = find_base(name)
        assert base is not None
        sizes = base.architecture
        model = build(sizes)
        attention = attention_of(model)
        if attention == "flash":
            require_determinism()
        parameters = sum(parameter.numel() for parameter in trained_parameters(model))
        cost = CostModel(
            architecture=sizes,
            device=device,
            precision="bfloat16",
            num_threads=1,
            adapter_parameters=parameters,
        )
        for tokens in PACK_TOKENS:
            print(f"| {name} | {attention} | {measure(model, tokens, cost)} |", flush=True)
        del model
        torch.cuda.empty_cache()


def build(sizes: Architecture) -> Any:
    """Return a model of this shape with random weights and an adapter, on the GPU."""
    config = LlamaConfig(
        attn_implementation=TREE_ATTENTION,  # pyrefly: ignore[unexpected-keyword]
        vocab_size=sizes.vocab_size,
        hidden_size=sizes.hidden_size,
        intermediate_size=sizes.intermediate_size,
        num_hidden_layers=sizes.num_layers,
        num_attention_heads=sizes.num_heads,
        num_key_value_heads=sizes.num_key_value_heads,
        head_dim=sizes.head_size,
        tie_word_embeddings=sizes.ties_embeddings,
    )
    torch.manual_seed(0)
    base = LlamaForCausalLM(config).to(torch.bfloat16).requires_grad_(False).eval()  # pyrefly: ignore[bad-argument-type]
    return add_adapter(base.to("cuda"), SPEC).train()  # pyrefly: ignore[bad-argument-type]


def measure(model: Any, pack_tokens: int, cost: CostModel) -> str:
    """Return the cells of one line."""
    rng = random.Random(0)
    vocabulary = range(cost.architecture.vocab_size)
    is_trained = (False,) * (ROW_TOKENS - TRAINED_TOKENS) + (True,) * TRAINED_TOKENS
    rows = [
        EncodedRow(tuple(rng.choices(vocabulary, k=ROW_TOKENS)), is_trained)
        for _ in range(pack_tokens // ROW_TOKENS)
    ]
    trained = TRAINED_TOKENS * len(rows)
    memory = cost.memory_bytes(pack_tokens, trained) / 1e9
    torch.cuda.reset_peak_memory_stats()
    try:
        times = [pass_s(model, rows) for _ in range(NUM_PASSES + 1)][1:]
    except torch.OutOfMemoryError:
        model.zero_grad(set_to_none=True)
        torch.cuda.empty_cache()
        return f"{pack_tokens:,} | out of memory | | | | {memory:.1f}"
    seconds = statistics.median(times)
    arithmetic = cost.train_pass_flops(pack_tokens, trained, ROW_TOKENS) / cost.flops_per_s
    estimate = max(arithmetic, PASS_S_PER_LAYER["cuda"] * cost.architecture.num_layers)
    return (
        f"{pack_tokens:,} | {seconds:.3f} ({min(times):.3f} to {max(times):.3f}) | {estimate:.3f} | "
        f"{pack_tokens / seconds:,.0f} | {torch.cuda.max_memory_allocated() / 1e9:.1f} | {memory:.1f}"
    )


def pass_s(model: Any, rows: list[EncodedRow]) -> float:
    """Return the seconds of one forward and backward pass."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    token_losses(model, rows, "prefix_tree").losses_Q.mean().backward()
    torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    model.zero_grad(set_to_none=True)
    return seconds


if __name__ == "__main__":
    main()
