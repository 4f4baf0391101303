"""The report's script in a real browser, where there is one: what its filters leave."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape

import pytest

from aliquot.core.records import encode_lines
from aliquot.export.page.render import render_page
from tests.fixtures.scored_runs import make_scored_run

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed here")

PROBE = """<script>
const form = document.getElementById("answer-filters");
const plain = {model: "0", show: "all", other: "-1", label: "", overlap: "", search: ""};
const found = CHOICES.map((choice) => {
  for (const [name, value] of Object.entries({...plain, ...choice})) form.elements[name].value = value;
  form.dispatchEvent(new Event("input"));
  return Number(document.getElementById("answer-count").textContent.split(" ")[0]);
});
const probe = document.createElement("pre");
probe.id = "probe";
probe.textContent = JSON.stringify(found);
document.body.append(probe);
</script></body>"""


def _count(run_dir, choices, tmp_path):
    """Return how many rows the page shows for each choice of filters."""
    # The probe is a second script, which the page's policy would rightly refuse.
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", render_page(run_dir))
    path = tmp_path / "page.html"
    path.write_text(page.replace("</body>", PROBE.replace("CHOICES", json.dumps(choices))), encoding="utf-8")
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    done = subprocess.run(
        [*command, "--dump-dom", f"file://{path}"], capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(unescape(re.search(r'<pre id="probe">(.*?)</pre>', done.stdout)[1]))


def test_filters_leave_the_rows_that_the_scores_say(tmp_path):
    run_dir = make_scored_run(tmp_path)
    cut = run_dir.read_scores("tuned", "test")
    path = run_dir.item_scores_path("tuned", "test")
    path.write_bytes(encode_lines([*cut[:-3], *(_cut_off(score) for score in cut[-3:])]))
    tuned, base = (run_dir.read_scores(model, "test") for model in ("tuned", "base"))
    choices = [
        {"show": "all"},
        {"show": "right"},
        {"show": "wrong"},
        {"show": "unreadable", "model": "1"},
        {"show": "truncated"},
        {"label": "=positive"},
        {"overlap": "1"},
        {"overlap": "0"},
        {"other": "1"},
        {"show": "right", "other": "1"},
        {"other": "0"},
        {"search": "no such words anywhere"},
    ]
    right = [score.normalised == 1 for score in tuned]
    differs = [
        a.normalised != b.normalised
        or a.is_parsed != b.is_parsed
        or (a.normalised != 1 and a.output != b.output)
        for a, b in zip(tuned, base, strict=True)
    ]
    in_train = sum(score.in_train for score in tuned)
    assert _count(run_dir, choices, tmp_path) == [
        len(tuned),
        sum(right),
        len(tuned) - sum(right),
        sum(not score.is_parsed for score in base),
        3,
        sum(score.reference == "positive" for score in tuned),
        in_train,
        len(tuned) - in_train,
        sum(differs),
        sum(map(all, zip(right, differs, strict=True))),
        0,
        0,
    ]
    assert 0 < sum(differs) < len(tuned)
    assert in_train


def _cut_off(score):
    return replace(score, status="truncated")
