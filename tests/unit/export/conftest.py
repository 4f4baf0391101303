from collections.abc import Callable

import pytest

from aliquot.core.run_dir import RunDir
from tests.fixtures.scored_runs import make_scored_run


@pytest.fixture(scope="session")
def scored_run(tmp_path_factory) -> Callable[..., RunDir]:
    """Return a function that gives a run by task type and state, made once; read it only."""
    made: dict[tuple[str, str], RunDir] = {}

    def get(task_type: str = "labels", state: str = "finished") -> RunDir:
        if (task_type, state) not in made:
            folder = tmp_path_factory.mktemp(f"{task_type}-{state}")
            made[task_type, state] = make_scored_run(folder, task_type=task_type, state=state)
        return made[task_type, state]

    return get
