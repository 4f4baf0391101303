"""How alike prompts are: TF-IDF of character 1- to 4-grams, the features of the linear model too."""

from __future__ import annotations

from typing import Any

_FEW_ROWS = 50
_MAX_NGRAMS = 50_000


def ngram_vectorizer(num_rows: int) -> Any:
    """Return an unfitted vectorizer for so many prompts; rows are of length 1 (Euclidean).

    Case matters in chemical formulas. An n-gram of one row only cannot help any other row.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer  # costs a second

    return TfidfVectorizer(
        analyzer="char",
        ngram_range=(1, 4),
        lowercase=False,
        sublinear_tf=True,
        min_df=2 if num_rows >= _FEW_ROWS else 1,
        max_features=_MAX_NGRAMS,
    )
