"""Fine-tuned language models that write crystals as text: an academic recipe of rank 8."""

from aliquot.plan.recipe import Recipe, queries_and_values

RECIPE = Recipe(
    name="crystal-text-llm",
    title="crystal-text-llm, Meta 2024",
    source="Gruver et al. 2024, Fine-Tuned Language Models Generate Stable Inorganic Materials as Text, "
    "arXiv 2402.04379; facebookresearch/crystal-text-llm@7458b28, llama_finetune.py",
    fixed={
        "learning_rate": 1e-4,
        "lora_rank": 8,
        "lora_alpha": 32,
        "lora_dropout": 0.05,
        "num_epochs": 10,
        "batch_size": 1,
        "schedule": "cosine",
        "weight_decay": 0.0,
    },
    rules=queries_and_values,
    warmup_steps=100,
    leaves_open="The target layers, so PEFT's default for Llama counts; the seed.",
    not_followed=(
        "It trains on all tokens, prompts too; Aliquot trains on answers.",
        "It trains on a base of 8-bit weights.",
    ),
)
