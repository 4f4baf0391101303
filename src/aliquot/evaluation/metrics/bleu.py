"""Corpus BLEU by sacreBLEU, 0 to 100: precision of word n-grams up to four, with a penalty for brevity."""

from functools import partial

from aliquot.evaluation.corpus_scores import prepare_corpus, sign_corpus
from aliquot.evaluation.metric import Metric

METRIC = Metric(
    name="bleu",
    title="BLEU",
    task_types=("text",),
    unit="",
    direction="higher",
    range=(0.0, 100.0),
    citation="Papineni et al., doi:10.3115/1073083.1073135; Post, doi:10.18653/v1/W18-6319",
    prepare=partial(prepare_corpus, "bleu"),
    signature=partial(sign_corpus, "bleu"),
)
