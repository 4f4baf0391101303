from aliquot.core.dataset import RowField
from aliquot.data.field_census import FieldCensus
from aliquot.data.format import Number, Row


def _census(*rows):
    census = FieldCensus()
    assert list(census.watch(rows)) == list(rows)
    return census.finish()


def test_fields_are_counted_where_they_have_a_value():
    rows = [{"messages": [], "year": 1999}, {"messages": [], "year": None}, {"messages": []}]
    assert _census(*(Row(line, value) for line, value in enumerate(rows, 1))) == (
        RowField(name="messages", kind="list", num_rows=3),
        RowField(name="year", kind="whole number", num_rows=1, is_metadata=True),
    )


def test_what_stands_inside_metadata_is_named_by_its_path():
    fields = _census(Row(1, {"messages": [], "metadata": {"doi": "10.1/x", "n": Number("1.10")}}))
    assert [(field.name, field.kind) for field in fields[1:]] == [
        ("metadata.doi", "text"),
        ("metadata.n", "number"),
    ]
    assert all(field.is_metadata for field in fields[1:])


def test_columns_that_became_the_conversation_are_no_metadata():
    names = {"messages[0].content": "question", "messages[1].content": "answer"}
    fields = _census(Row(2, {"messages": [{}, {}], "source": "a", "split": "test"}, names))
    assert [(field.name, field.is_metadata) for field in fields] == [
        ("question", False),
        ("answer", False),
        ("source", True),
        ("split", False),
    ]


def test_whole_numbers_among_numbers_are_numbers_and_other_mixtures_are_mixed():
    rows = [Row(1, {"a": 1, "b": 1, "c": True}), Row(2, {"a": Number("1.5"), "b": "x", "c": False})]
    assert [field.kind for field in _census(*rows)] == ["number", "mixed", "true or false"]


def test_metadata_that_is_no_object_is_a_field_of_its_own():
    assert _census(Row(1, {"metadata": "x"}))[0].name == "metadata"


def test_rows_of_endlessly_many_shapes_are_counted_without_holding_them(monkeypatch):
    monkeypatch.setattr("aliquot.data.field_census.MAX_SHAPES", 2)
    rows = [Row(line, {"messages": [], f"key {line % 7}": "x"}) for line in range(70)]
    counts = {field.name: field.num_rows for field in _census(*rows)}
    assert counts == {"messages": 70} | {f"key {number}": 10 for number in range(7)}
