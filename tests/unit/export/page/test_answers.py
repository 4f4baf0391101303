from dataclasses import replace

from aliquot.core.records import encode_lines
from aliquot.export.answers import read_answers
from aliquot.export.page.answers import answers_data, before_and_after
from aliquot.export.record import read_record
from tests.fixtures.scored_runs import make_scored_run


def _found(run_dir):
    record = read_record(run_dir)
    return record, before_and_after(record, read_answers(record))


def test_gains_and_losses_are_the_discordant_pairs_of_the_paired_test(scored_run):
    record, found = _found(scored_run())
    comparison = next(
        each for each in record.report.comparisons if (each.model, each.other) == ("tuned", "base")
    )
    assert (found.num_gained, found.num_lost) == (comparison.num_only_model, comparison.num_only_other)
    assert 0 < len(found.gained) <= 3
    assert [pair.line for pair in found.gained] == sorted(pair.line for pair in found.gained)


def test_a_gained_row_is_right_after_and_wrong_before(scored_run):
    _, found = _found(scored_run())
    assert all(pair.after == pair.reference != pair.before for pair in found.gained)
    assert all(pair.before == pair.reference != pair.after for pair in found.lost)


def test_for_numbers_nearer_counts_and_the_errors_are_shown(scored_run):
    _, found = _found(scored_run("number"))
    assert found.is_number
    assert all("off by" in pair.after_error for pair in found.gained)


def test_without_a_tuned_model_there_is_nothing_to_compare(scored_run):
    assert _found(scored_run(state="running"))[1] is None


def test_for_numbers_only_rows_that_both_answered_readably_are_compared(scored_run):
    record, found = _found(scored_run("number"))
    rows = read_answers(record)
    readable = [r for r in rows if r.scores["base"].is_parsed and r.scores["tuned"].is_parsed]
    assert len(readable) < len(rows)  # the fixture's base gives some unreadable answers
    assert found.num_rows == len(readable)
    assert found.num_gained + found.num_lost <= len(readable)


def test_an_answer_tells_how_it_ended_only_where_it_is_not_whole(tmp_path):
    run_dir = make_scored_run(tmp_path)
    scores = run_dir.read_scores("tuned", "test")
    endings = ["ok", "unparsed", "truncated", "refused", "error"]
    scores[:5] = [replace(score, status=status) for score, status in zip(scores, endings, strict=False)]
    run_dir.item_scores_path("tuned", "test").write_bytes(encode_lines(scores))
    record = read_record(run_dir)
    rows = answers_data(record, read_answers(record))["rows"]
    assert [row[5][0][3] for row in rows[:5]] == ["", "", "truncated", "refused", "error"]
