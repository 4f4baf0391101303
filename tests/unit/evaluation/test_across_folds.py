"""Folds part the rows: whatever the data, every row is test once; and pooled medians are each fold's own."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aliquot.config.settings import DataSettings
from aliquot.core.dataset import SPLITS
from aliquot.core.run_dir import RunDir
from aliquot.data.check import check_data
from aliquot.errors import RunError
from aliquot.evaluation.across_folds import FoldRun, require_partition
from aliquot.evaluation.answers import join_answers
from aliquot.workflows.create import write_rows
from tests.fixtures.answers import make_answers


@given(
    rows=st.lists(st.tuples(st.integers(0, 12), st.sampled_from("xy")), min_size=20, max_size=40),
    num_folds=st.integers(2, 5),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_is_test_exactly_once(tmp_path_factory, rows, num_folds):
    folder = tmp_path_factory.mktemp("folds")
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps({"prompt": f"p {n}", "answer": label}) + "\n" for n, label in rows))
    folds = []
    for number in range(1, num_folds + 1):
        checked = check_data(path, DataSettings(fold=f"{number}/{num_folds}"))
        run_dir = RunDir(folder / f"fold-{number}")
        write_rows(run_dir, checked.table, SPLITS)
        folds.append(FoldRun(cell_id=f"fold-{number}", held_out="", run_dir=run_dir))
    assert require_partition(folds, is_whole=True) == len(rows)
    tested = [row.line for fold in folds for row in fold.run_dir.read_rows("test")]
    assert sorted(tested) == list(range(1, len(rows) + 1))
    with pytest.raises(RunError, match="test in more than one fold"):
        fullest = max(folds, key=lambda fold: len(fold.run_dir.read_rows("test")))
        require_partition([*folds, fullest], is_whole=True)


def test_an_unreadable_number_is_the_median_of_its_own_fold():
    first = make_answers("number", ["1", "2"], ["1", "?"], train_median=10.0)
    second = make_answers("number", ["3"], ["none"], train_median=-1.0)
    pooled = join_answers(first, second)
    assert pooled.number_N.tolist() == [1.0, 10.0, -1.0]
    assert pooled.take(np.array([2, 1])).number_N.tolist() == [-1.0, 10.0]
    assert len(pooled) == 3
