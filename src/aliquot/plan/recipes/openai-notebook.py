"""OpenAI's fine-tuning service, as far as its notebook and its legacy API say what it chooses."""

from aliquot.plan.recipe import Asked, Case, Recipe

TARGET_EPOCHS = 3
LEAST_EXAMPLES, MOST_EXAMPLES = 100, 25_000
LEAST_EPOCHS, MOST_EPOCHS = 1, 25
BATCH_SHARE, MOST_BATCH = 0.002, 256


def _rules(case: Case) -> dict[str, Asked]:
    size = min(MOST_BATCH, max(1, round(BATCH_SHARE * case.num_rows)))
    return {
        "num_epochs": _epochs(case.num_rows),
        "batch_size": Asked(size, f"About 0.2 % of {case.num_rows:,} rows, at most {MOST_BATCH}."),
    }


def _epochs(num_rows: int) -> Asked:
    seen = TARGET_EPOCHS * num_rows
    if seen < LEAST_EXAMPLES:
        few = min(MOST_EPOCHS, LEAST_EXAMPLES // num_rows)
        reason = f"{TARGET_EPOCHS} x {num_rows} rows are fewer than {LEAST_EXAMPLES}: {LEAST_EXAMPLES} // n."
        return Asked(few, f"{reason} At most {MOST_EPOCHS}.")
    if seen > MOST_EXAMPLES:
        many = max(LEAST_EPOCHS, MOST_EXAMPLES // num_rows)
        reason = f"{TARGET_EPOCHS} x {num_rows:,} rows are more than {MOST_EXAMPLES:,}"
        return Asked(many, f"{reason}: {MOST_EXAMPLES:,} // n, at least {LEAST_EPOCHS}.")
    return Asked(TARGET_EPOCHS, f"{TARGET_EPOCHS} for {LEAST_EXAMPLES} to {MOST_EXAMPLES:,} examples seen.")


RECIPE = Recipe(
    name="openai-notebook",
    title="OpenAI, notebook of 2023",
    source="OpenAI cookbook 2023, How to count tokens and check data for chat fine-tuning (software and "
    "documentation): epochs; text of the legacy fine-tunes API: batch size",
    fixed={},
    rules=_rules,
    leaves_open="The learning rate: only a multiplier (0.05, 0.1 or 0.2 by batch size in the legacy API) of "
    "a rate that was never published. Rank, alpha, targets, schedule and decay.",
)
