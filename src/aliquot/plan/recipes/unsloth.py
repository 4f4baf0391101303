"""Unsloth's notebooks, as most people first run them: 60 steps."""

from aliquot.plan.recipe import Asked, Case, Recipe, all_linear_layers, fixed_steps

NUM_STEPS, BATCH_SIZE = 60, 8


def _rules(case: Case) -> dict[str, Asked]:
    why = "The notebooks' max_steps, set for a first look; they say to give epochs for a whole run."
    steps = fixed_steps(case, num_steps=NUM_STEPS, batch_size=BATCH_SIZE, why=why)
    return {**steps, **all_linear_layers(case)}


RECIPE = Recipe(
    name="unsloth",
    title="Unsloth, notebooks",
    source="unslothai/notebooks@bdda2ef (software)",
    fixed={
        "learning_rate": 2e-4,
        "lora_rank": 16,
        "lora_alpha": 16,
        "lora_dropout": 0.0,
        "batch_size": BATCH_SIZE,
        "schedule": "linear",
        "weight_decay": 0.001,
        "seed": 3407,
    },
    rules=_rules,
    warmup_steps=5,
    leaves_open="The norm that gradients are cut to. Its guide names 1 to 3 epochs "
    "and batches of 16, its command line takes rank 64 and 3 epochs, its Studio 1 epoch.",
    not_followed=(
        "It trains on all tokens unless told otherwise; Aliquot trains on answers.",
        "It trains on a base of 4-bit weights, with AdamW of 8 bits.",
    ),
)
