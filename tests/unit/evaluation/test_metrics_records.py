"""Metrics of JSON records: the worked example of docs/how-to/score-json-records.md, and bad answers."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aliquot.evaluation.field_match import count_fields, match_best
from aliquot.evaluation.field_totals import list_field_results
from aliquot.evaluation.metric import get_metric
from tests.fixtures.answers import make_answers

REFERENCE = {
    "paper": "A12",
    "events": [
        {"type": "heating", "temperature": 450, "minutes": 30},
        {"type": "washing", "solvent": "water"},
    ],
}
ANSWER = {
    "events": [
        {"type": "washing", "solvent": "ethanol"},
        {"type": "heating", "temperature": 455},
        {"type": "drying"},
    ],
    "paper": "A12",
}
TRAIN = [
    json.dumps(REFERENCE),
    '{"paper": "B7", "events": [{"type": "drying", "minutes": 5}]}',
]


def _value(name, references, outputs, **more):
    return get_metric(name).compute(make_answers("json", references, outputs, **more))


def _of_example(name, answer=ANSWER, **more):
    return _value(name, [json.dumps(REFERENCE)], [json.dumps(answer)], train=TRAIN, **more)


# Six expected fields: paper, two types, temperature, minutes, solvent. Right are paper and both types;
# wrong temperature and solvent; missing minutes; extra the type of the third event. Answered: six.
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("field_f1", 2 * 3 / (6 + 6)),
        ("record_match", 0),
        ("exact_match", 0),
        # paper 1/1, type 2/2, temperature 0/1, minutes 0/1, solvent 0/1
        ("field_accuracy", 2 / 5),
        ("key_precision", 5 / 6),
        ("key_recall", 5 / 6),
        ("key_f1", 2 * 5 / 12),
        ("schema_valid", 1),
        ("parse_failure_rate", 0),
    ],
)
def test_the_worked_example(name, value):
    assert _of_example(name) == pytest.approx(value)


def test_a_tolerance_makes_the_temperature_right():
    assert _of_example("field_f1", tolerance=5.0) == pytest.approx(2 * 4 / 12)
    assert _of_example("field_f1", tolerance=4.9) == pytest.approx(2 * 3 / 12)


def test_missing_wrong_and_extra_are_counted_apart():
    answers = make_answers("json", [json.dumps(REFERENCE)], [json.dumps(ANSWER)])
    found = {
        one.field: (one.num_expected, one.num_right, one.num_wrong, one.num_missing, one.num_extra)
        for one in list_field_results("tuned", answers)
    }
    assert found == {
        "paper": (1, 1, 0, 0, 0),
        "events[].type": (2, 2, 0, 0, 1),
        "events[].temperature": (1, 0, 1, 0, 0),
        "events[].minutes": (1, 0, 0, 1, 0),
        "events[].solvent": (1, 0, 1, 0, 0),
    }


BAD = {
    "empty": "",
    "empty record": "{}",
    "truncated": json.dumps(REFERENCE)[:-3],
    "prose around it": f"Here it is: {json.dumps(REFERENCE)}",
    "other keys": '{"title": "A12"}',
    "twice the same key": '{"paper": "A12", "paper": "A12"}',
}


@pytest.mark.parametrize("output", BAD.values(), ids=BAD)
@pytest.mark.parametrize(
    "name", ["field_f1", "record_match", "field_accuracy", "key_precision", "key_recall", "schema_valid"]
)
def test_bad_answers_score_nothing(name, output):
    assert _value(name, [json.dumps(REFERENCE)], [output], train=TRAIN) == 0


def test_a_wrong_but_plausible_record_has_a_valid_form_and_loses_fields():
    answer = {"paper": "A12", "events": [{"type": "heating", "temperature": 500, "minutes": 30}]}
    assert _of_example("schema_valid", answer) == 1
    assert _of_example("record_match", answer) == 0
    assert _of_example("field_f1", answer) == pytest.approx(2 * 3 / (6 + 4))


@pytest.mark.parametrize(
    "answer",
    [
        {"paper": 12, "events": []},  # a number where texts stood
        {"events": []},  # without the key that every record has
        {"paper": "A", "events": [], "note": "x"},  # an unknown key
        {"paper": "A", "events": [{"minutes": 3}]},  # an event without type
        [],
    ],
)
def test_another_form_is_not_valid(answer):
    assert _of_example("schema_valid", answer) == 0


@pytest.mark.parametrize(
    "output",
    [
        '{"b": 2, "a": ["x", "y"]}',
        ' {"a": ["y", "x"],\n "b": 2.0} ',
        '```json\n{"a": ["X", "y "], "b": 2}\n```',
    ],
)
def test_order_spaces_and_form_of_numbers_do_not_count(output):
    assert _value("record_match", ['{"a": ["x", "y"], "b": 2}'], [output]) == 1


@pytest.mark.parametrize(
    ("reference", "output"),
    [
        ('{"a": "CO"}', '{"a": "Co"}'),
        ('{"a": 1}', '{"a": true}'),
        ('{"a": 12}', '{"a": "12"}'),
        ('{"a": [1, 2]}', '{"a": [2, 1]}'),  # a vector
        ('{"a": null}', "{}"),
        ('{"a": [{"b": 1}, {"b": 1}]}', '{"a": [{"b": 1}]}'),  # twice is not once
    ],
)
def test_what_counts_is_another_record(reference, output):
    assert _value("record_match", [reference], [output]) == 0


def test_events_are_paired_so_that_most_fields_are_right():
    # In order, each event would share one field with its neighbour only.
    expected = '[{"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 1, "c": 1}]'
    answered = '[{"a": 2, "b": 1, "c": 1}, {"a": 1, "b": 1, "c": 9}]'
    assert _value("field_f1", [expected], [answered]) == pytest.approx(5 / 6)


def test_the_best_of_several_accepted_records_counts():
    one, other = '{"a": 1, "b": 2}', '{"a": 5, "b": 6}'
    assert _value("field_f1", [one], ['{"a": 5, "b": 6}']) == 0
    assert _value("field_f1", [one], ['{"a": 5, "b": 6}'], also_accepted=[(other,)]) == 1


RECORDS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["x", "Y", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from("abc"), RECORDS), st.dictionaries(st.sampled_from("abc"), RECORDS))
def test_fields_add_up_and_exchange_turns_missing_into_extra(one, other):
    texts = [make_answers("json", [json.dumps(record)], [""]).references[0] for record in (one, other)]
    there, back = (count_fields(match_best(a, (b,))) for a, b in (texts, texts[::-1]))
    assert there.right == back.right and there.f1 == pytest.approx(back.f1)
    assert (there.expected, there.answered) == (back.answered, back.expected)
    assert count_fields(match_best(texts[0], (texts[0],))).f1 == 1
    assert (there.f1 == 1) == (texts[0] == texts[1])


@pytest.mark.parametrize("text", ['{"a": 1e999}', '{"a": NaN}', "[" * 60 + "]" * 60, "3", '"a"', "9" * 400])
def test_what_is_no_record_is_not_read(text):
    assert make_answers("json", ["{}"], [text]).parsed == (None,)
