"""Patterns of secrets: keys and tokens by the prefixes that their issuers document."""

from __future__ import annotations

import re

from aliquot.data.pattern import Pattern

_REMEDY = "Withdraw it where it was issued and take it out of the file: a model can repeat it."


def _is_random(text: str) -> bool:
    """Whether letters of both cases and digits mix, as in a key and not in a hyphenated word."""
    return (
        any(char.isdigit() for char in text)
        and any(char.islower() for char in text[5:])
        and any(char.isupper() for char in text)
    )


def _has_digit(text: str) -> bool:
    """Whether it holds a digit, as most keys do and no peptide in one-letter code."""
    return any(char.isdigit() for char in text)


def _secret(name: str, title: str, regex: str, triggers: tuple[str, ...], is_valid=None) -> Pattern:
    return Pattern(
        name=name,
        kind="secret",
        title=title,
        remedy=_REMEDY,
        regex=re.compile(rf"(?<![A-Za-z0-9])(?:{regex})"),
        triggers=triggers,
        is_valid=is_valid,
    )


PATTERNS = (
    _secret("aws_access_key", "AWS access keys", r"A[KS]IA[A-Z2-7]{16}(?!\w)", ("AKIA", "ASIA"), _has_digit),
    _secret("api_key", "API keys (sk-…)", r"sk-[A-Za-z0-9_\-]{20,}", ("sk-",), _is_random),
    _secret("stripe_key", "Stripe keys", r"[rs]k_live_[A-Za-z0-9]{16,}", ("k_live_",)),
    _secret("google_api_key", "Google API keys", r"AIza[\w\-]{35}(?![\w\-])", ("AIza",)),
    _secret("hugging_face_token", "Hugging Face tokens", r"hf_[A-Za-z0-9]{30,}", ("hf_",)),
    _secret(
        "github_token",
        "GitHub tokens",
        r"gh[opsur]_[A-Za-z0-9]{36}|github_pat_\w{22,}",
        ("gho_", "ghp_", "ghs_", "ghu_", "ghr_", "github_pat_"),
    ),
    _secret("gitlab_token", "GitLab tokens", r"glpat-[\w\-]{20,}", ("glpat-",)),
    _secret("slack_token", "Slack tokens", r"xox[abeoprs]-[A-Za-z0-9\-]{10,}", ("xox",)),
    _secret("json_web_token", "JSON Web Tokens", r"eyJ[\w\-]{8,}\.eyJ[\w\-]{8,}\.[\w\-]{8,}", ("eyJ",)),
    _secret(
        "private_key",
        "private keys",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----",
        ("-----BEGIN",),
    ),
)
