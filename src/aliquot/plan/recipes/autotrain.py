"""Hugging Face AutoTrain's defaults on its command line."""

from aliquot.plan.recipe import Asked, Case, Recipe, all_linear_layers, packed_rows

SEQUENCES, BLOCK = 8, 1024


def _rules(case: Case) -> dict[str, Asked]:
    return {"batch_size": packed_rows(case, sequences=SEQUENCES, length=BLOCK), **all_linear_layers(case)}


RECIPE = Recipe(
    name="autotrain",
    title="AutoTrain, command line",
    source="huggingface/autotrain-advanced@b5c98fb, src/autotrain/trainers/clm/params.py (software)",
    fixed={
        "learning_rate": 3e-5,
        "lora_rank": 16,
        "lora_alpha": 32,
        "lora_dropout": 0.05,
        "num_epochs": 1,
        "schedule": "linear",
        "warmup_ratio": 0.1,
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "seed": 42,
    },
    rules=_rules,
    leaves_open="Nothing; its web page takes 3 epochs instead of 1 and float16.",
    not_followed=(
        "Its warm-up is a tenth of the run, however long; here it is at most 100 steps.",
        "It packs all rows into blocks of 1,024 tokens; rows stay apart here, the batch counts as many.",
        "It trains on all tokens, prompts too; Aliquot trains on answers.",
        "It trains on a base of 4-bit weights; on its command line LoRA itself has to be switched on.",
    ),
)
