import pytest

from aliquot.config.settings import DataSettings
from aliquot.data.check import check_data
from aliquot.errors import InputError

TABLE = "prompt,completion\nMolekül größer?,ja – sicher\n" + "".join(f"Säure {i},nein\n" for i in range(30))


def check(tmp_path, data, **settings):
    path = tmp_path / "rows.csv"
    path.write_bytes(data)
    return check_data(path, DataSettings(**settings))


def texts(checked):
    return sorted(item.prompt[0].content for rows in checked.examples.values() for item in rows)


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_a_named_encoding_reads_as_utf_8_does(tmp_path, encoding):
    plain = check(tmp_path, TABLE.encode())
    assert texts(check(tmp_path, TABLE.encode(encoding), encoding=encoding)) == texts(plain)


def test_without_the_name_nothing_is_guessed(tmp_path):
    assert check(tmp_path, TABLE.encode("windows-1252")).report.has_errors
    with pytest.raises(InputError, match="looks like UTF-16") as caught:
        check(tmp_path, TABLE.encode("utf-16"))
    assert "data.encoding=utf-16" in caught.value.hint


def test_another_encoding_than_the_named_one_is_refused(tmp_path):
    with pytest.raises(InputError, match="Not all of the file is in utf-8") as caught:
        check(tmp_path, TABLE.encode("windows-1252"), encoding="utf-8")
    assert caught.value.code == "invalid_encoding"


@pytest.mark.parametrize("name", ["latin-99", "rot13", "zip"])
def test_an_encoding_that_is_none_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="No encoding is called") as caught:
        check(tmp_path, TABLE.encode(), encoding=name)
    assert "windows-1252" in caught.value.hint
