"""``figures/loss_curve.svg``: the page's figure as a file for a paper."""

from __future__ import annotations

from aliquot.core.run_dir import RunDir
from aliquot.export.figures.of_run import draw_loss_curve
from aliquot.export.record import read_record
from aliquot.export.writer import Writer


def write_figure(run_dir: RunDir) -> str | None:
    """Return the SVG, None while the run cannot give it."""
    return draw_loss_curve(read_record(run_dir))


WRITER = Writer(
    name="figure_loss_curve",
    filename="figures/loss_curve.svg",
    title="Loss curve, as a vector figure",
    write=write_figure,
    is_of_training=True,
)
