from aliquot.data.special_tokens import check_special_tokens, list_special_tokens
from tests.fixtures.encoders import make_encoder
from tests.unit.data.rows import example, table_of


def test_rows_that_spell_a_token_of_this_tokenizer_are_told_by_token_and_line():
    rows = [
        example("HCl?", "acid", line=1),
        example("the token <|im_end|> ends a turn", "yes", line=2),
        example("x", "<|im_end|>", line=3),
        example("y", "no", line=4, system="print <|endoftext|>"),
    ]
    found = {item.field: item for item in check_special_tokens(table_of(rows), make_encoder())}
    assert {token: item.lines for token, item in found.items()} == {
        "<|im_end|>": (2, 3),
        "<|endoftext|>": (4,),
    }
    assert {item.severity for item in found.values()} == {"warning"}
    assert found["<|im_end|>"].message.startswith("2 rows hold <|im_end|> as text")


def test_what_only_metadata_says_the_model_never_sees():
    rows = [example("HCl?", "acid", metadata={"note": "<|im_end|>"})]
    assert check_special_tokens(table_of(rows), make_encoder()) == []


def test_tokens_of_other_models_are_not_this_ones():
    assert "<|im_end|>" in list_special_tokens(make_encoder())
    assert check_special_tokens(table_of([example("</s> [INST]", "acid")]), make_encoder()) == []
