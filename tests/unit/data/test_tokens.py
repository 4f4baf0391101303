from dataclasses import replace

import pytest

from aliquot.config.settings import DataSettings
from aliquot.core.conversation import Message
from aliquot.data import tokens as module
from aliquot.data.check import add_tokens, check_data
from aliquot.data.tokens import check_tokens, measure_rows
from aliquot.errors import ModelError
from aliquot.tokenization.encoder import EncodedRow
from tests.fixtures.encoders import make_encoder
from tests.tiny_model import CHAT_TEMPLATE
from tests.unit.data.rows import chat_line, example, table_of, write_lines

STRICT = (
    "{%- if messages[0]['role'] == 'system' -%}{{ raise_exception('no system') }}{%- endif -%}"
    + CHAT_TEMPLATE
)


@pytest.fixture(scope="module")
def encoder():
    return make_encoder()


def check_lines(tmp_path, lines, **settings):
    return check_data(write_lines(tmp_path / "rows.jsonl", lines), DataSettings(**settings))


def lines_of(count, **rest):
    return [chat_line(f"molecule {i}?", "low" if i % 2 else "high", **rest) for i in range(count)]


def row(ids, mask) -> EncodedRow:
    return EncodedRow(tuple(ids), tuple(bool(bit) for bit in mask))


class ScriptedEncoder:
    """Answers with prepared rows."""

    def __init__(self, *rows):
        self.rows = list(rows)
        self.model = make_encoder().model

    def encode_many(self, conversations, tools):
        return [self.rows.pop(0) for _ in conversations]


def test_lengths_and_trained_tokens_are_those_of_the_encoder(encoder):
    item = example("molecule 7?", "low")
    (measured,) = measure_rows([item], encoder)
    encoded = encoder.encode(item.messages)
    assert measured.length == measured.num_tokens == len(encoded.token_ids)
    assert measured.num_trained == measured.num_reference == sum(encoded.is_trained)
    assert measured.is_end_trained


def test_branches_count_as_tokens_and_the_longest_must_fit():
    branched = EncodedRow((1, 2, 9), (False, True, True), (row([1, 3, 4, 9], [0, 0, 1, 1]),))
    measured = module._measure_row(branched, frozenset({9}))
    assert (measured.num_tokens, measured.length, measured.num_trained) == (7, 4, 4)


def test_a_pair_is_measured_with_both_answers_and_its_reference_is_the_chosen_one(encoder):
    plain = example("molecule 7?", "low")
    item = replace(plain, rejected=Message("assistant", "a much longer answer than the other one"))
    (pair,) = measure_rows([item], encoder, as_pairs=True)
    (chosen,) = measure_rows([item], encoder)
    rejected = encoder.encode((*plain.messages[:-1], item.rejected))
    assert chosen == next(measure_rows([plain], encoder))
    assert (pair.is_pair, pair.length) == (True, len(rejected.token_ids))
    assert pair.num_tokens == chosen.num_tokens + pair.length
    assert pair.num_trained == chosen.num_trained + rejected.num_trained_tokens
    assert (pair.num_reference, pair.num_prompt) == (chosen.num_reference, chosen.num_prompt)


def test_rows_that_teach_nothing_or_never_end_are_errors():
    bad = ScriptedEncoder(row([1, 2], [0, 0]), row([1, 9], [0, 1]), row([1, 2], [0, 1]))
    examples = [example(f"p{i}", "a", line=i + 1) for i in range(3)]
    findings = check_tokens(table_of(examples), list(measure_rows(examples, bad)), 64)
    assert [(item.code, item.severity, item.lines) for item in findings] == [
        ("no_trained_token", "error", (1,)),
        ("end_not_trained", "error", (2,)),
    ]


def test_every_split_gets_a_profile(tmp_path, encoder):
    checked = add_tokens(check_lines(tmp_path, lines_of(60)), encoder, base="tiny")
    assert checked.report.base == "tiny"
    assert [item.split for item in checked.report.splits if item.tokens] == ["train", "validation", "test"]
    assert checked.report.get_split("train").tokens.shared_prefix > 5
    assert not checked.report.has_errors


def test_the_longest_row_names_its_file_where_there_are_several(tmp_path, encoder):
    test = write_lines(tmp_path / "held out.jsonl", [chat_line("a", "low"), chat_line("C" * 30, "low")])
    checked = add_tokens(check_lines(tmp_path, lines_of(60), test_file=str(test)), encoder, base="tiny")
    tokens = checked.report.get_split("test").tokens
    assert (tokens.longest_file, tokens.longest_line) == (str(test), 2)
    assert checked.report.get_split("train").tokens.longest_file == str(tmp_path / "rows.jsonl")
    alone = add_tokens(check_lines(tmp_path, lines_of(60)), encoder, base="tiny")
    assert alone.report.get_split("test").tokens.longest_file == ""


def test_a_row_beyond_the_window_is_an_error_with_three_choices(tmp_path, encoder):
    lines = [*lines_of(60), chat_line("C" * 300, "low")]
    report = add_tokens(check_lines(tmp_path, lines), encoder, base="tiny").report
    (finding,) = [item for item in report.findings if item.severity == "error"]
    assert (finding.code, finding.lines, finding.count) == ("too_long", (61,), 1)
    assert "1 of 61 rows exceed 64 tokens (longest: line 61" in finding.message
    for choice in ("drop_too_long", "larger window", "shorten"):
        assert choice in finding.remedy
    assert report.num_examples == 61


def test_a_row_is_left_out_only_when_told_and_is_listed(tmp_path, encoder):
    lines = [
        *lines_of(60, split="train"),
        *lines_of(9, split="test"),
        chat_line("C" * 300, "odd", split="test"),
    ]
    before = check_lines(tmp_path, lines, remedies=["drop_too_long"])
    after = add_tokens(before, encoder, base="tiny")
    (finding,) = [item for item in after.report.findings if item.code == "remedy_applied"]
    assert (finding.severity, finding.lines) == ("warning", (70,))
    assert not after.report.has_errors
    assert (after.report.num_rows, after.report.num_examples) == (70, 69)
    assert after.report.detectable.num_items == len(after.examples["test"]) == 9
    (few,) = [item for item in after.report.findings if item.code == "few_test_rows"]
    assert "only 9 rows" in few.message
    kept = {item.example_id for rows in before.examples.values() for item in rows if item.line < 70}
    assert {item.example_id for rows in after.examples.values() for item in rows} == kept


def test_a_shorter_limit_of_the_user_counts(tmp_path, encoder):
    report = add_tokens(check_lines(tmp_path, lines_of(60)), encoder, base="tiny", max_seq_len=8).report
    assert [item.count for item in report.findings if item.code == "too_long"] == [60]


def test_rows_that_the_template_refuses_are_named(tmp_path):
    messages = (Message("system", "s"), Message("user", "u"), Message("assistant", "a"))
    strict = make_encoder(STRICT)
    with pytest.raises(ModelError):
        strict.encode(messages)
    odd = [line.replace('[{"role"', '[{"role": "system", "content": "s"}, {"role"') for line in lines_of(2)]
    report = add_tokens(check_lines(tmp_path, [*lines_of(60), *odd]), strict, base="tiny").report
    (finding,) = [item for item in report.findings if item.severity == "error"]
    assert (finding.code, finding.lines) == ("template_refuses_row", (61, 62))
    assert "no system" in finding.message


def test_a_template_that_refuses_everything_is_the_model_s_fault(tmp_path):
    checked = check_lines(tmp_path, lines_of(60))
    with pytest.raises(ModelError):
        add_tokens(checked, make_encoder("{{ raise_exception('never') }}"), base="tiny")


def test_rows_with_tools_are_refused_by_name_when_the_template_prints_none(encoder):
    tools = '[{"type":"function","function":{"name":"mass"}}]'
    examples = [replace(example("HCl?", "acid", line=line), tools=tools) for line in (1, 2)]
    (finding,) = check_tokens(table_of(examples), list(measure_rows(examples, encoder)), 64)
    assert (finding.code, finding.severity, finding.lines) == ("tools_not_in_template", "error", (1, 2))
    assert "Choose a base model" in finding.remedy


def test_the_texts_of_system_messages_are_counted_in_every_branch(encoder):
    plain, with_system = example("low?", "low"), example("low?", "low", system="be brief")
    first, second = measure_rows([plain, with_system], encoder)
    num_system = len(encoder.tokenizer.encode("be brief").ids)
    assert (first.num_system, second.num_system) == (0, num_system)
    assert second.num_prompt + second.num_reference == second.length


def test_lengths_of_system_messages_are_forgotten_before_they_fill_the_memory(encoder, monkeypatch):
    monkeypatch.setattr(module, "_MAX_SYSTEM_TEXTS", 2)
    monkeypatch.setattr(module, "_CHUNK_ROWS", 2)
    rows = [example("low?", "low", system=f"say {n}") for n in range(9)]
    one_by_one = [next(measure_rows([row], encoder)).num_system for row in rows]
    assert [row.num_system for row in measure_rows(rows, encoder)] == one_by_one
