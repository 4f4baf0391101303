"""OpenPipe's trainer of May 2024, whose values its users never saw."""

from aliquot.plan.recipe import Asked, Case, Recipe, all_linear_layers, packed_rows

PACKS_ABOVE_TOKENS = 100_000
PACKED_LENGTH = 8192
SEQUENCES = 8
"""2 per pass, 4 passes."""


def _rules(case: Case) -> dict[str, Asked]:
    wanted = round(10_000 / case.num_rows)
    epochs = Asked(
        min(max(wanted, 1), 10), f"round(10,000 / {case.num_rows:,}) = {wanted:,}, within 1 and 10."
    )
    return {"num_epochs": epochs, "batch_size": _batch(case), **all_linear_layers(case)}


def _batch(case: Case) -> Asked:
    if case.num_tokens <= PACKS_ABOVE_TOKENS:
        few = f"{case.num_tokens:,} tokens are not above {PACKS_ABOVE_TOKENS:,}: nothing is packed"
        return Asked(SEQUENCES, f"2 rows a pass, 4 passes a step; {few}.")
    length = min(PACKED_LENGTH, case.architecture.context_window)
    return packed_rows(case, sequences=SEQUENCES, length=length)


RECIPE = Recipe(
    name="openpipe-2024",
    title="OpenPipe, May 2024",
    source="OpenPipe/OpenPipe@1da9a24, app/src/server/fineTuningProviders/openpipe/trainingConfig.ts "
    "(software), as for its Mistral 7B",
    fixed={
        "learning_rate": 2e-4,
        "lora_rank": 8,
        "lora_alpha": 16,
        "lora_dropout": 0.05,
        "schedule": "cosine",
        "weight_decay": 0.0,
    },
    rules=_rules,
    warmup_steps=10,
    leaves_open="The norm that gradients are cut to, and the seed.",
    not_followed=(
        "It packs rows into sequences above 100,000 tokens; rows stay apart here, the batch counts as many.",
        "It trains on a base of 8-bit weights, with AdamW of 8 bits.",
        "It has no validation and keeps the last weights; here the best on validation rows are kept.",
    ),
)
