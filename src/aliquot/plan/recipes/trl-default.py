"""TRL's SFT command as it comes, with LoRA switched on: a learning rate made for full fine-tuning."""

from aliquot.plan.recipe import Recipe, queries_and_values

RECIPE = Recipe(
    name="trl-default",
    title="TRL 1.16, defaults",
    source="huggingface/trl@f2cd577, SFTConfig and ModelConfig (software)",
    fixed={
        "learning_rate": 2e-5,
        "lora_rank": 16,
        "lora_alpha": 32,
        "lora_dropout": 0.05,
        "num_epochs": 3,
        "batch_size": 8,
        "schedule": "linear",
        "warmup_ratio": 0.0,
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "seed": 42,
    },
    rules=queries_and_values,
    leaves_open="The target layers, so PEFT's default counts. Its own examples for LoRA set a rate of 2e-4.",
    not_followed=(
        "It cuts rows at 1,024 tokens from the right, which removes answers; Aliquot never cuts.",
        "It trains on all tokens of a conversation; Aliquot trains on answers.",
    ),
)
