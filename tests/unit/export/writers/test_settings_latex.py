import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.export.writers.settings_latex import escape, write_table
from tests.fixtures.scored_runs import make_scored_run, replace_first_test_row

NASTY = r"100 % of \LaTeX & {5} $x_1^2$ #3 ~ <a> | \"q\" × ≤ ≥ − – … β"


@pytest.mark.parametrize(
    ("plain", "escaped"),
    [
        ("a_b & 5 %", r"a\_b \& 5 \%"),
        ("\\", r"\textbackslash{}"),
        ("5e-4·(2000/576)^0.781", r"5e-4$\cdot$(2000/576)\textasciicircum{}0.781"),
        ("n ≤ 3 × 2", r"n $\leq$ 3 $\times$ 2"),
        ("two\nlines", "two lines"),
    ],
)
def test_special_characters_are_escaped(plain, escaped):
    assert escape(plain) == escaped


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=60))
def test_no_special_character_survives_bare(text):
    kept = re.sub(
        r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|textquotedbl)\{\}",
        "",
        escape(text),
    )
    assert not re.search(r"(?<!\\)[&%$#_{}~^<>|\"]|\\(?![&%$#_{}])", kept)


def test_each_setting_is_a_line_of_four_cells(scored_run):
    run_dir = scored_run()
    lines = [line for line in write_table(run_dir).splitlines() if line.endswith(r"\\") and " & " in line]
    body = [line for line in lines if not line.startswith("Setting &")]
    assert len(body) == len(run_dir.read_spec().plan.choices)
    assert all(len(re.findall(r"(?<!\\)&", line)) == 3 for line in body)
    assert any("The rule would give 15 passes." in line for line in body)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed here")
def test_latex_sets_the_table(tmp_path):
    run_dir = make_scored_run(tmp_path)
    replace_first_test_row(run_dir, NASTY)
    (tmp_path / "settings.tex").write_text(write_table(run_dir), encoding="utf-8")
    head = "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{booktabs,longtable}"
    document = head + "\\begin{document}\\input{settings}\\end{document}"
    (tmp_path / "paper.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
