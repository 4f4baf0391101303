"""``figures/reliability_diagram.svg``: the page's figure as a file for a paper."""

from __future__ import annotations

from aliquot.core.run_dir import RunDir
from aliquot.export.figures.of_run import draw_reliability_diagram
from aliquot.export.record import read_scored
from aliquot.export.writer import Writer


def write_figure(run_dir: RunDir) -> str | None:
    """Return the SVG, None while the run cannot give it."""
    return draw_reliability_diagram(read_scored(run_dir))


WRITER = Writer(
    name="figure_reliability_diagram",
    filename="figures/reliability_diagram.svg",
    title="Reliability diagram: right answers by confidence, as a vector figure",
    write=write_figure,
)
