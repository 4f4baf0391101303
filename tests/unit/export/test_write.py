import subprocess
import sys

import pytest

from aliquot.errors import InputError
from aliquot.export.write import write_artefacts
from tests.fixtures.scored_runs import make_scored_run


def test_all_artefacts_of_a_finished_run_are_written_the_page_last(tmp_path):
    run_dir = make_scored_run(tmp_path)
    paths = write_artefacts(run_dir)
    names = [path.relative_to(run_dir.path).as_posix() for path in paths]
    assert names[-1] == "report.html"
    assert set(names) >= {"items.csv", "settings.csv", "settings.tex", "methods.txt", "reproduce.py"}
    assert "figures/confusion_matrix.svg" in names
    assert "figures/scatter.svg" not in names
    assert all(path.is_file() for path in paths)


def test_a_second_time_gives_the_same_bytes(tmp_path):
    run_dir = make_scored_run(tmp_path)
    write_artefacts(run_dir)  # the page also tells the sizes of its neighbours, which exist from now on
    first = {path: path.read_bytes() for path in write_artefacts(run_dir)}
    assert {path: path.read_bytes() for path in write_artefacts(run_dir)} == first


def test_an_unknown_name_is_refused_before_anything_is_written(tmp_path):
    run_dir = make_scored_run(tmp_path, state="planned")
    with pytest.raises(InputError, match="settings_cvs") as refusal:
        write_artefacts(run_dir, ["settings_csv", "settings_cvs"])
    assert "settings_csv" in refusal.value.hint
    assert not (run_dir.path / "settings.csv").exists()


def test_writing_loads_no_library_of_the_statistics():
    code = (
        "import sys\nfrom aliquot.export.write import get_writer, list_writers\n"
        "for name in list_writers(): get_writer(name)\n"
        "print({'scipy', 'sklearn', 'torch', 'transformers', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
