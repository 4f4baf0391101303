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
from aliquot.plan.rules.machine import (
    checkpoint_interval_steps,
    device,
    early_stopping_patience,
    max_seq_len,
    micro_batch_size,
    num_checkpoints_kept,
    num_threads,
    precision,
    time_budget_s,
    validation_interval_steps,
)
from aliquot.plan.rules.optimisation import (
    batch_size,
    learning_rate,
    lora_alpha,
    lora_dropout,
    lora_rank,
    max_grad_norm,
    max_steps,
    method,
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

__all__ = [
    "batch_size",
    "checkpoint_interval_steps",
    "device",
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
    "num_epochs",
    "num_threads",
    "precision",
    "predict_batch_size",
    "predict_max_new_tokens",
    "predict_models",
    "predict_num_shots",
    "schedule",
    "seed",
    "start_from",
    "target_modules",
    "time_budget_s",
    "validation_interval_steps",
    "warmup_ratio",
    "weight_decay",
]
