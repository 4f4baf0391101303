"""Every kind of grader in the folder: it says what it is, and a bad answer costs it something."""

import json

import msgspec
import pytest

from aliquot.core.records import encode
from aliquot.errors import InputError
from aliquot.evaluation.grader import GRADERS_PACKAGE, Grader, Tools, read_grader
from aliquot.plugins import get_extension, list_extensions
from tests.fixtures.graders import ScriptedJudge, make_items

NAMES = list_extensions(GRADERS_PACKAGE)
REFERENCES = ["iron is a grey metal", "copper oxide is quite black", "zinc melts at 693 K", "gold is heavy"]
BAD = {
    "wrong": ["no", "none of these", "I do not know", "perhaps"],
    "empty": [""] * 4,
    "truncated": [reference[: len(reference) // 2] for reference in REFERENCES],
    "wrong but plausible": [
        "iron is a grey gas", "copper oxide is quite blue", "zinc melts at 639 K", "gold is light",
    ],
}  # fmt: skip
TEXTS = {"input": "{{ sample.output_text }}", "reference": "{{ item.reference }}"}
ASKED = [{"role": "user", "content": "RIGHT {{ item.reference }} SAID {{ sample.output_text }} END"}]
PAIR = "RIGHT {{ item.reference }} SAID {{ first.output_text }} OTHER {{ second.output_text }} END"
EXACT = {"type": "string_check", "operation": "eq", **TEXTS}
DEFINITIONS = {
    "string_check": EXACT,
    "text_similarity": {"type": "text_similarity", "evaluation_metric": "fuzzy_match", **TEXTS},
    "score_model": {"type": "score_model", "model": "judge", "input": ASKED},
    "label_model": {
        "type": "label_model", "model": "judge", "input": ASKED,
        "labels": ["right", "wrong"], "passing_labels": ["right"],
    },
    "pairwise_model": {
        "type": "pairwise_model", "model": "judge", "input": [{"role": "user", "content": PAIR}],
    },
    "python": {
        "type": "python",
        "source": "def grade(sample, item): return sample['output_text'] == item['reference']",
    },
    "multi": {"type": "multi", "graders": {"exact": EXACT}, "calculate_output": "exact ^ 2"},
}  # fmt: skip


def _judge_of(name):
    """Return a judge that knows what is right."""

    def reply(text):
        right, said = text.split("RIGHT ")[1].split(" END")[0].split(" SAID ")
        if name == "pairwise_model":
            first, second = said.split(" OTHER ")
            result = (
                "tie" if (first == right) == (second == right) else "first" if first == right else "second"
            )
        else:
            is_right = said == right
            result = ("right" if is_right else "wrong") if name == "label_model" else float(is_right)
        return json.dumps({"steps": [{"description": "compare", "conclusion": "done"}], "result": result})

    return ScriptedJudge(reply)


def _values(name, outputs):
    items = make_items(list(zip(REFERENCES, outputs, strict=True)), rivals=REFERENCES)
    grader = read_grader({"name": "one", **DEFINITIONS[name]}, "grader.json")
    grades = grader.grade(items, Tools(complete=_judge_of(name).complete))
    assert [grade.example_id for grade in grades] == [item.example_id for item in items]
    assert not any(grade.error for grade in grades)
    return [grade.value for grade in grades]


@pytest.mark.parametrize("name", NAMES)
def test_a_grader_says_what_it_is_and_is_kept_whole(name):
    kind = get_extension(GRADERS_PACKAGE, name, "GRADER")
    assert issubclass(kind, Grader) and kind.kind == name
    assert kind.__doc__ and kind.describe.__doc__ and kind.grade.__doc__
    grader = read_grader({"name": "My grader", **DEFINITIONS[name]}, "grader.json")
    meaning = grader.describe()
    assert (meaning.name, meaning.title, meaning.type) == ("my_grader", "My grader", name)
    assert meaning.words
    assert read_grader(msgspec.json.decode(encode(grader)), "stored") == grader


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", NAMES)
def test_every_bad_answer_has_less_than_the_right_one(name, bad):
    right, wrong = _values(name, REFERENCES), _values(name, BAD[bad])
    assert all(low < high for low, high in zip(wrong, right, strict=True))


@pytest.mark.parametrize("status", ["error", "refused"])
@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_is_none_has_the_lowest_value_and_is_not_sent_anywhere(name, status):
    items = make_items([(text, text) for text in REFERENCES], status=status, rivals=REFERENCES)
    judge = _judge_of(name)
    grader = read_grader({"name": "one", **DEFINITIONS[name]}, "grader.json")
    grades = grader.grade(items, Tools(complete=judge.complete))
    assert [grade.value for grade in grades] == [0.0] * 4
    assert judge.asked == []


@pytest.mark.parametrize("name", NAMES)
def test_a_misspelt_field_is_answered_with_the_right_one(name):
    definition = {"nmae": "one", **DEFINITIONS[name]}
    with pytest.raises(InputError) as caught:
        read_grader(definition, "grader.json")
    assert caught.value.code == "grader_invalid"
    assert "did you mean 'name'" in caught.value.message
    assert caught.value.location == "grader.json"


@pytest.mark.parametrize("name", NAMES)
def test_a_grader_lacks_none_of_its_fields_unnoticed(name):
    for field in DEFINITIONS[name].keys() - {"type"}:
        definition = {key: value for key, value in DEFINITIONS[name].items() if key != field}
        with pytest.raises(InputError):
            read_grader({"name": "one", **definition}, "grader.json")
