"""Who may import whom: layers, no rings, and a control plane that starts without torch."""

from __future__ import annotations

import graphlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from tests.architecture.measure import REPOSITORY, SOURCE

CONTROL_PLANE = (
    "cli", "workflows", "data", "plan", "evaluation", "export", "compute", "config", "tokenization", "core",
)  # fmt: skip
WORKER_LIBRARIES = ("torch", "transformers", "peft", "accelerate")
SLOW_LIBRARIES = (*WORKER_LIBRARIES, "sklearn", "scipy", "huggingface_hub")

LIST_LOADED = """\
import importlib, sys
for name in sys.argv[1].split(","):
    importlib.import_module(name)
print(*(name for name in sys.argv[2].split(",") if name in sys.modules))
"""


def _loaded_by(modules: list[str], suspects: tuple[str, ...]) -> list[str]:
    """Return the suspects that a fresh interpreter holds after importing the modules."""
    command = [sys.executable, "-c", LIST_LOADED, ",".join(modules), ",".join(suspects)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def _control_plane_modules() -> list[str]:
    names = [
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((SOURCE / "aliquot").rglob("*.py"))
    ]
    worker_only = ("aliquot.worker", "aliquot.training", "aliquot.modeling", "aliquot.inference")
    return [name for name in names if not name.startswith(worker_only) and not name.endswith("__main__")]


def _find_ring(imports: dict[str, set[str]]) -> list[str]:
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def _lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_layers_of_pyproject_hold():
    done = _lint_imports(REPOSITORY)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_lower_layer_that_imports_a_higher_one_is_caught(tmp_path):
    package = tmp_path / "src" / "small"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "core.py").write_text("import small.cli\n")
    (package / "cli.py").write_text("")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_package = "small"\n[[tool.importlinter.contracts]]\n'
        'name = "layers"\ntype = "layers"\nlayers = ["small.cli", "small.core"]\n'
    )
    assert _lint_imports(tmp_path).returncode == 1


def test_no_module_imports_itself_through_others():
    graph = grimp.build_graph("aliquot", exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert _find_ring(imports) == []


def test_a_ring_is_found():
    assert set(_find_ring({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}


def test_the_control_plane_never_loads_what_only_a_worker_needs():
    assert _loaded_by(_control_plane_modules(), WORKER_LIBRARIES) == []


def test_the_check_for_loaded_libraries_can_fail():
    assert _loaded_by(["json"], ("json", "torch")) == ["json"]


@pytest.mark.parametrize("folder", CONTROL_PLANE)
def test_every_control_plane_folder_is_in_the_contract_that_forbids_torch(folder):
    contracts = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"aliquot.{folder}"' in contracts.partition("never imports the worker plane")[2]


def test_start_up_loads_nothing_slow():
    entries = [name for name in ("aliquot", "aliquot.cli.app") if _exists(name)]
    assert _loaded_by(entries, SLOW_LIBRARIES) == []


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
