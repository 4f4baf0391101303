"""Canonical JSON: one text for one content, however it is spelled."""

import json
import unicodedata

from aliquot.core.conversation import Message
from aliquot.core.records import canonical_json, sha256_of

COMPOSED, DECOMPOSED = "Ångström café", unicodedata.normalize("NFD", "Ångström café")


def test_composed_and_decomposed_text_are_one_content_wherever_it_stands():
    assert COMPOSED != DECOMPOSED
    for wrap in (lambda text: text, lambda text: [text], lambda text: {text: text}, lambda text: (text, 1)):
        assert canonical_json(wrap(DECOMPOSED)) == canonical_json(wrap(COMPOSED))
    turns = [(Message("user", text), Message("assistant", "yes")) for text in (COMPOSED, DECOMPOSED)]
    assert sha256_of(turns[0]) == sha256_of(turns[1])
    assert sha256_of(turns[0]) != sha256_of(turns[0][:1])


def test_keys_are_sorted_and_what_json_lacks_is_null():
    assert canonical_json({"b": 1, "a": "ä"}) == '{"a":"ä","b":1}'.encode()
    assert json.loads(canonical_json({"x": float("nan"), "y": DECOMPOSED})) == {"x": None, "y": COMPOSED}
