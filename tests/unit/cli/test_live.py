import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from aliquot.cli.live import LiveNews, facts, plain_line
from aliquot.core.run import RunState
from aliquot.export.progress import Stage
from aliquot.workflows.progress import RunProgress
from aliquot.workflows.surroundings import Doing

TRAINING = Stage(key="train", title="Training", state="now", share=0.25, detail="step 5 of 20")
PROGRESS = RunProgress(
    run_id="r",
    state=RunState.RUNNING,
    stages=(Stage(key="check", title="Data checked", state="done", share=1.0), TRAINING),
    step=5,
    num_steps=20,
    loss=0.41234,
    validation_loss=None,
    tokens_per_s=1234.5,
    seconds_left=185.0,
    warnings=(),
)
DONE = replace(
    PROGRESS,
    state=RunState.FINISHED,
    stages=(*PROGRESS.stages[:1], replace(TRAINING, state="done", share=1.0)),
    step=20,
    validation_loss=0.3,
    seconds_left=None,
)


def tell(*news, is_terminal=False, width=80):
    output = io.StringIO()
    console = Console(file=output, width=width, force_terminal=is_terminal, color_system=None)
    with LiveNews(console) as live:
        for one in news:
            live.tell(one)
    return output.getvalue()


def test_the_facts_are_step_loss_speed_and_time_left():
    assert facts(PROGRESS) == "5 of 20 · loss 0.412 · 1,234 tokens/s · about 3 min left"


def test_nothing_is_said_of_a_time_that_is_not_known():
    assert "left" not in facts(replace(PROGRESS, seconds_left=None))


def test_without_a_terminal_a_stage_is_a_line_that_is_not_repeated_at_once():
    text = tell(PROGRESS, PROGRESS, PROGRESS)
    assert text.count(plain_line(PROGRESS)) == 1
    assert "\x1b" not in text


def test_a_finished_stage_stays_as_one_line():
    text = tell(PROGRESS, DONE, DONE)
    assert text.count("✓ Data checked") == 1
    assert "✓ Training  20 steps · mean loss of the last steps 0.412 · validation loss 0.300" in text


@pytest.mark.parametrize("width", [30, 40, 60, 80, 200])
def test_the_moving_line_fits_every_width_and_keeps_title_and_time(width):
    text = tell(PROGRESS, is_terminal=True, width=width)
    line = next(
        line for line in re.split(r"\r|\n", re.sub(r"\x1b\[[0-9?]*[a-zA-Z]", "", text)) if "›" in line
    )
    assert len(line) <= width
    assert "› Training " in line and "3 min" in line
    assert ("1,234 tokens/s" in line) == (width >= 80)


def test_a_warning_is_told_once():
    warned = replace(PROGRESS, warnings=("Passed over a checkpoint.",))
    assert tell(warned, warned).count("! Passed over a checkpoint.") == 1


def test_something_that_takes_a_while_is_told():
    assert tell(Doing("Preparing the model")) == "Preparing the model …\n"


def test_lines_are_printed_as_they_are():
    assert tell("[bold]run[/bold] 20261124") == "[bold]run[/bold] 20261124\n"
