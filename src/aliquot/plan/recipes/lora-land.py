"""Predibase's LoRA Land: 310 models of 10 bases on 31 tasks, one configuration for all."""

from aliquot.plan.recipe import Asked, Case, Recipe, fixed_steps, queries_and_values

MICRO_STEPS, ACCUMULATION = 40_000, 16


def _rules(case: Case) -> dict[str, Asked]:
    num_steps = MICRO_STEPS // ACCUMULATION
    why = (
        f"{MICRO_STEPS:,} steps of Ludwig, which counts passes of one row; {ACCUMULATION} of them make an "
        f"update: {num_steps:,} updates."
    )
    steps = fixed_steps(case, num_steps=num_steps, batch_size=ACCUMULATION, why=why)
    return {**steps, **queries_and_values(case)}


RECIPE = Recipe(
    name="lora-land",
    title="Predibase, LoRA Land 2024",
    source="Zhao et al. 2024, LoRA Land, arXiv 2405.00732; predibase/lora_bakeoff@2ac88b9, "
    "img/training_config.png",
    fixed={
        "learning_rate": 2e-4,
        "lora_rank": 8,
        "batch_size": ACCUMULATION,
        "schedule": "cosine",
        "warmup_ratio": 0.03,
    },
    rules=_rules,
    leaves_open="Alpha and dropout (in Ludwig twice the rank and 0.05), decay, gradient norm, seed.",
    not_followed=("It trains on a base of 4-bit weights (QLoRA).",),
)
