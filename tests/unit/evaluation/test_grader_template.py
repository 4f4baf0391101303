import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.evaluation.grader_template import GradeFault, fill, require_template

VALUES = {
    "item": {"reference": "Fe", "tags": '["a", "b"]', "number": 3, "a-b": "hyphen", "two words": "spaced"},
    "sample": {"output_text": "{{ item.reference }}", "output_json": {"a": [{"b": None}, 2.5]}},
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{ item.reference }}", "Fe"),
        ("{{item.reference}} is {{ item.number }}", "Fe is 3"),
        ("{{ sample.output_json.a[1] }}", "2.5"),
        ("{{ sample.output_json.a[0] }}", '{"b": null}'),
        ("{{ item.tags[1] }}", "b"),
        ("{{ item.a-b }}", "hyphen"),
        ('{{ item["two words"] }}', "spaced"),
        ("no place, {one} brace", "no place, {one} brace"),
    ],
)
def test_places_are_filled(text, filled):
    require_template(text)
    assert fill(text, VALUES) == filled


def test_what_was_filled_in_is_no_template_itself():
    assert fill("{{ sample.output_text }}", VALUES) == "{{ item.reference }}"


@pytest.mark.parametrize(
    "text",
    ["{{ other.x }}", "{{ item }}", "{{ item.x + 1 }}", "{{ item.x() }}", "{{ }}", "{{ item.a['b'] }}"],
)
def test_a_place_that_is_no_path_is_refused(text):
    with pytest.raises(ValueError, match="expected"):
        require_template(text)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{{ item.nothing }}", "invalid_variable_error"),
        ("{{ item.number.x }}", "invalid_variable_error"),
        ("{{ sample.output_json.a[9] }}", "invalid_variable_error"),
        ("{{ sample.output_tools[0].function.name }}", "sample_parse_error"),
        ("{{ item.__class__ }}", "invalid_variable_error"),
    ],
)
def test_a_place_without_a_value_is_a_fault_of_the_answer(text, error):
    require_template(text)
    with pytest.raises(GradeFault) as caught:
        fill(text, VALUES)
    assert caught.value.error == error


@given(st.text(alphabet="{} .[]0a_itemsample", max_size=40))
def test_no_template_ends_otherwise_than_filled_or_refused(text):
    try:
        require_template(text)
        fill(text, VALUES)
    except (ValueError, GradeFault):
        pass
