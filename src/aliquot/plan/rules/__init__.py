"""One function per setting, each returning the value with rule, inputs, reason and source.

To add one: a function in the module of its kind, named as ``choice.rule_name`` says, exported here, and a
line in ``resolve.py`` that settles it. Evidence goes to docs/experiments.md.
"""

from aliquot.plan.rules.evaluation import (
    evaluate_confidence,
    evaluate_num_resamples,
    evaluate_primary_metric,
    evaluate_seed,
    evaluate_task_type,
    evaluate_tolerance,
)
from aliquot.plan.rules.following import choose_recipe
from aliquot.plan.rules.machine import (
    activation_checkpointing,
    checkpoint_interval_steps,
    device,
    early_stopping_patience,
    max_seq_len,
    micro_batch_size,
    num_checkpoints_kept,
    num_devices,
    num_loss_rows,
    num_threads,
    precision,
    select_by,
    sharding,
    time_budget_s,
    validation_interval_steps,
)
from aliquot.plan.rules.method import method
from aliquot.plan.rules.optimisation import (
    batch_size,
    learning_rate,
    lora_alpha,
    lora_dropout,
    lora_rank,
    max_grad_norm,
    max_steps,
    num_epochs,
    schedule,
    seed,
    start_from,
    target_modules,
    warmup_ratio,
    weight_decay,
)
from aliquot.plan.rules.prediction import (
    predict_batch_size,
    predict_max_new_tokens,
    predict_models,
    predict_num_shots,
)
from aliquot.plan.rules.preference import dpo_beta, objective

__all__ = [
    "activation_checkpointing",
    "batch_size",
    "checkpoint_interval_steps",
    "choose_recipe",
    "device",
    "dpo_beta",
    "early_stopping_patience",
    "evaluate_confidence",
    "evaluate_num_resamples",
    "evaluate_primary_metric",
    "evaluate_seed",
    "evaluate_task_type",
    "evaluate_tolerance",
    "learning_rate",
    "lora_alpha",
    "lora_dropout",
    "lora_rank",
    "max_grad_norm",
    "max_seq_len",
    "max_steps",
    "method",
    "micro_batch_size",
    "num_checkpoints_kept",
    "num_devices",
    "num_epochs",
    "num_loss_rows",
    "num_threads",
    "objective",
    "precision",
    "predict_batch_size",
    "predict_max_new_tokens",
    "predict_models",
    "predict_num_shots",
    "schedule",
    "seed",
    "select_by",
    "sharding",
    "start_from",
    "target_modules",
    "time_budget_s",
    "validation_interval_steps",
    "warmup_ratio",
    "weight_decay",
]
