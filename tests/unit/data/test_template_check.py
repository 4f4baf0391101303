import pytest
from tokenizers import Tokenizer

from aliquot.config.settings import DataSettings
from aliquot.core.conversation import Message
from aliquot.data.check import add_tokens, check_data
from aliquot.data.template_check import check_template, find_begin_token
from aliquot.data.tokens import check_tokens, measure_rows
from tests.fixtures.encoders import BEGIN, WITH_BEGIN, beginning_tokenizer, make_encoder
from tests.tiny_model import CHAT_TEMPLATE, _train_tokenizer
from tests.unit.data.rows import chat_line, example, table_of, write_lines


def codes(encoder):
    return [(finding.code, finding.severity) for finding in check_template(encoder)]


def test_a_template_and_a_tokenizer_that_belong_together_pass():
    assert codes(make_encoder()) == []
    assert codes(make_encoder(WITH_BEGIN, tokenizer=beginning_tokenizer(), begin=BEGIN)) == []


def test_a_marker_that_the_tokenizer_splits_is_named_with_its_tokens():
    encoder = make_encoder(CHAT_TEMPLATE.replace("<|im_start|>", "<|turn|>"))
    (finding,) = check_template(encoder)
    assert (finding.code, finding.severity) == ("marker_split", "warning")
    num_tokens = len(encoder.tokenizer.encode("<|turn|>").ids)
    assert finding.message == f"Template uses <|turn|>, which this tokenizer splits into {num_tokens} tokens."


def test_a_tokenizer_that_lost_its_control_tokens_is_found():
    data = _train_tokenizer().to_str().replace("<|im_start|>", "<|other|>")
    encoder = make_encoder(tokenizer=Tokenizer.from_str(data))
    assert codes(encoder) == [("marker_split", "warning")]


def test_a_template_of_another_model_is_blamed_once_and_no_row_is(tmp_path):
    encoder = make_encoder(CHAT_TEMPLATE.replace("<|im_end|>", "<|eot|>"))
    lines = [chat_line(f"{number} high?", "low") for number in range(30)]
    checked = check_data(write_lines(tmp_path / "rows.jsonl", lines), DataSettings())
    report = add_tokens(checked, encoder, base="tiny").report
    (error,) = [finding for finding in report.findings if finding.severity == "error"]
    assert error.message.startswith("Template uses <|eot|>, which this tokenizer splits into")


def test_the_template_s_own_beginning_token_printed_twice_is_an_error():
    encoder = make_encoder("{{- '<s>' -}}" + WITH_BEGIN, tokenizer=beginning_tokenizer(), begin=BEGIN)
    assert codes(encoder) == [("begin_token_doubled", "error")]
    assert find_begin_token(encoder) is None, "said once for the model, not for every row"


def test_a_beginning_token_that_only_the_tokenizer_writes_is_missing_in_every_row():
    encoder = make_encoder(tokenizer=beginning_tokenizer(), begin=BEGIN)
    assert codes(encoder) == [("begin_token_missing", "warning")]


def test_the_tokenizer_never_adds_a_second_beginning_token_to_what_the_template_prints():
    encoder = make_encoder(WITH_BEGIN, tokenizer=beginning_tokenizer(), begin=BEGIN)
    begin = find_begin_token(encoder)
    row = encoder.encode((Message("user", "a"), Message("assistant", "b")))
    assert row.token_ids.count(begin) == 1
    assert encoder.tokenizer.encode(BEGIN).ids.count(begin) == 2, "the trap is there"


def test_a_beginning_token_that_also_begins_turns_may_stand_more_than_once():
    encoder = make_encoder(begin="<|im_start|>")
    assert (find_begin_token(encoder), codes(encoder)) == (None, [])


def test_a_row_whose_text_spells_the_beginning_token_is_an_error():
    encoder = make_encoder(WITH_BEGIN, tokenizer=beginning_tokenizer(), begin=BEGIN)
    rows = [example("low?", "low", line=1), example("is <s> high?", "high", line=2)]
    (finding,) = check_tokens(table_of(rows), list(measure_rows(rows, encoder)), 64)
    assert (finding.code, finding.severity, finding.lines) == ("begin_token_repeated", "error", (2,))


def test_a_tokenizer_that_cuts_is_an_error():
    tokenizer = _train_tokenizer()
    tokenizer.enable_truncation(5)
    assert codes(make_encoder(tokenizer=tokenizer)) == [("tokenizer_truncates", "error")]


def test_a_prepared_folder_whose_tokenizer_cuts_is_loaded_without(prepared_dir, tmp_path):
    import shutil

    from aliquot.tokenization.encoder import Encoder

    folder = shutil.copytree(prepared_dir, tmp_path / "model")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(5)
    tokenizer.save(str(folder / "tokenizer.json"))
    assert codes(Encoder.load(folder)) == []


@pytest.mark.parametrize("begin", [None, "<|endoftext|>"])
def test_a_template_that_refuses_everything_is_left_to_the_rows(begin):
    encoder = make_encoder("{{ raise_exception('never') }}", begin=begin)
    assert (codes(encoder), find_begin_token(encoder)) == ([], None)
