import io

from rich.console import Console

from aliquot.cli.views.lengths import lengths
from aliquot.config.settings import DataSettings
from aliquot.data.check import add_tokens, check_data
from tests.fixtures.encoders import make_encoder
from tests.unit.data.rows import chat_line, write_lines


def printed(report):
    out = Console(file=io.StringIO(), width=80, highlight=False)
    for part in lengths(report):
        out.print(part)
    return out.file.getvalue()


def check(tmp_path):
    lines = [chat_line(f"{number} high?", "low" if number % 2 else "high") for number in range(60)]
    return check_data(write_lines(tmp_path / "rows.jsonl", lines), DataSettings())


def test_lengths_and_what_sharing_saves_fit_80_columns(tmp_path):
    report = add_tokens(check(tmp_path), make_encoder(), base="tiny").report
    text = printed(report)
    assert all(len(line.rstrip()) <= 80 for line in text.splitlines())
    words = " ".join(text.split())
    tokens = report.get_split("train").tokens
    assert f"All rows begin with the same {tokens.shared_prefix} tokens." in words
    assert f"at most {tokens.prefix_sharing['8']:.1f}× in batches of 8" in words
    assert [" ".join(line.split()[:2]) for line in text.splitlines()[3:8]] == [
        "train rows", "train prompts", "train answers", "validation rows", "test rows",
    ]  # fmt: skip
    assert f"train {tokens.num_tokens:,} tokens, {tokens.num_trained_tokens:,} trained" in words
    assert "System messages" not in words


def test_without_a_base_model_it_says_how_to_get_lengths(tmp_path):
    assert "aliquot models fetch" in printed(check(tmp_path).report)
