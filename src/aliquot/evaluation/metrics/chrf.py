"""Corpus chrF2 by sacreBLEU, 0 to 100: F-score of character n-grams, recall counting twice."""

from functools import partial

from aliquot.evaluation.corpus_scores import prepare_corpus, sign_corpus
from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="chrf",
    title="chrF",
    task_types=("text",),
    unit="",
    direction="higher",
    range=(0.0, 100.0),
    citation="Popović, WMT 2015, doi:10.18653/v1/W15-3049; Post, WMT 2018, doi:10.18653/v1/W18-6319",
    prepare=partial(prepare_corpus, "chrf"),
    signature=partial(sign_corpus, "chrf"),
)
