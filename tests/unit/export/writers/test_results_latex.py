import re
import shutil
import subprocess

import pytest

from aliquot.export.record import read_record
from aliquot.export.writers.results_latex import write_table


def _lines(run_dir):
    body = write_table(run_dir).split("\\midrule\n")[1].split("\n\\bottomrule")[0]
    return body.splitlines()


@pytest.mark.parametrize("task", ["labels", "number", "text", "set", "json"])
def test_each_model_has_a_line_of_values_and_one_of_intervals(task, scored_run):
    record = read_record(scored_run(task))
    lines = _lines(scored_run(task))
    assert len(lines) == 2 * len(record.results)
    cells = {len(re.findall(r"(?<!\\)&", line)) for line in lines}
    assert len(cells) == 1
    assert 2 <= cells.pop() <= 5
    for result, line in zip(record.results, lines[::2], strict=True):
        assert line.lower().startswith(result.title.lower())


def test_the_best_value_is_bold_and_only_that(scored_run):
    record = read_record(scored_run())
    bold = [line for line in _lines(scored_run()) if "\\textbf" in line]
    best = record.results[0].primary.value
    assert len(bold) == sum(result.primary.value == best for result in record.results)
    assert f"\\textbf{{{best:.2f}}}" in bold[0]


def test_an_arrow_says_which_way_is_better(scored_run):
    assert r"error $\downarrow$" in write_table(scored_run("number"))
    assert r"Accuracy $\uparrow$" in write_table(scored_run())


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed here")
def test_latex_sets_the_table(tmp_path, scored_run):
    (tmp_path / "results.tex").write_text(write_table(scored_run("number")), encoding="utf-8")
    head = "\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{booktabs}"
    document = head + "\\begin{document}\\input{results}\\end{document}"
    (tmp_path / "paper.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
