"""``figures/scatter.svg``: the page's figure as a file for a paper."""

from __future__ import annotations

from aliquot.core.run_dir import RunDir
from aliquot.export.figures.of_run import draw_reference_scatter
from aliquot.export.record import read_scored
from aliquot.export.writer import Writer


def write_figure(run_dir: RunDir) -> str | None:
    """Return the SVG, None while the run cannot give it."""
    return draw_reference_scatter(read_scored(run_dir))


WRITER = Writer(
    name="figure_scatter",
    filename="figures/scatter.svg",
    title="Answers of the tuned model against the references, as a vector figure",
    write=write_figure,
)
