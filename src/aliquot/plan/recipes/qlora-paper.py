"""The scripts of the QLoRA paper: 4-bit bases, rank 64, a constant learning rate."""

from aliquot.plan.recipe import Asked, Case, Recipe, all_linear_layers, fixed_steps

NUM_STEPS, BATCH_SIZE = 1875, 16
LARGE_ABOVE = 20e9
"""Between the sizes of the scripts: what is called 13 billion has 13.02 billion parameters."""


def _rules(case: Case) -> dict[str, Asked]:
    is_large = case.architecture.num_parameters > LARGE_ABOVE
    size = f"{case.architecture.num_parameters / 1e9:.3g} billion parameters"
    which = f"{size}: the value of the scripts for {'33 and 65' if is_large else '7 and 13'} billion."
    steps = fixed_steps(case, num_steps=NUM_STEPS, batch_size=BATCH_SIZE, why="The scripts' max_steps.")
    return {
        "learning_rate": Asked(1e-4 if is_large else 2e-4, which),
        "lora_dropout": Asked(0.05 if is_large else 0.1, which),
        "warmup_ratio": Asked(
            0.0, "The scripts set 0.03, which a plain constant schedule of transformers ignores."
        ),
        **steps,
        **all_linear_layers(case),
    }


RECIPE = Recipe(
    name="qlora-paper",
    title="QLoRA, scripts of the paper",
    source="Dettmers et al. 2023, QLoRA, arXiv 2305.14314; artidoro/qlora@7f4e95a, scripts",
    fixed={
        "lora_rank": 64,
        "lora_alpha": 16,
        "batch_size": BATCH_SIZE,
        "schedule": "constant",
        "weight_decay": 0.0,
        "max_grad_norm": 0.3,
    },
    rules=_rules,
    leaves_open="What sets of other sizes need: the number of steps is fixed, for about 10,000 rows.",
    not_followed=(
        "It trains on a base of 4-bit weights (NF4, double quantisation); set train.method: qlora for that.",
        "Its AdamW is paged.",
    ),
)
