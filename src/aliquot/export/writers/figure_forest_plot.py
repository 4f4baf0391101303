"""``figures/forest_plot.svg``: the page's figure as a file for a paper."""

from __future__ import annotations

from aliquot.core.run_dir import RunDir
from aliquot.export.figures.of_run import draw_forest_plot
from aliquot.export.record import read_scored
from aliquot.export.writer import Writer


def write_figure(run_dir: RunDir) -> str | None:
    """Return the SVG, None while the run cannot give it."""
    return draw_forest_plot(read_scored(run_dir))


WRITER = Writer(
    name="figure_forest_plot",
    filename="figures/forest_plot.svg",
    title="Scores by model, as a vector figure",
    write=write_figure,
)
