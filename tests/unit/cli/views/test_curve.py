"""A learning curve on a terminal: the sentence, every point, the untuned base."""

from rich.console import Console

from aliquot.cli.views.curve import report
from tests.fixtures.curves import make_curve, make_curve_report


def test_the_sentence_comes_first_and_every_point_has_a_line():
    console = Console(width=120, record=True, force_terminal=False)
    curves = (
        make_curve({100: 0.5, 200: 0.4, 400: 0.32, 800: 0.26}),
        make_curve({100: 0.6, 800: 0.45}, model="linear"),
    )
    with console.capture() as capture:
        for part in report(make_curve_report(*curves)):
            console.print(part)
    shown = capture.get()
    assert shown.startswith("About 800 more rows would bring +")
    assert [line.split()[:3] for line in shown.splitlines() if line.startswith("Tuned")] == [
        ["Tuned", "100", "0.50"]
    ]
    assert any(line.split()[:2] == ["800", "0.74"] for line in shown.splitlines())
    assert any(line.startswith("base") and "0.30" in line for line in shown.splitlines())
