"""Every compute target keeps the protocol; a new file in the folder is tested from the day it appears."""

import inspect

import pytest

from aliquot.compute.target import Target, get_target
from aliquot.core.run_dir import RunDir
from aliquot.errors import InputError
from aliquot.plugins import list_extensions

NAMES = list_extensions("aliquot.compute.targets")


@pytest.mark.parametrize("name", NAMES)
def test_it_has_the_methods_of_the_protocol_with_the_same_parameters(name):
    target = get_target(name)
    assert target.name == name
    for method in ("start", "is_alive", "kill", "call", "open"):
        expected = list(inspect.signature(getattr(Target, method)).parameters)[1:]
        assert list(inspect.signature(getattr(target, method)).parameters) == expected


@pytest.mark.parametrize("name", NAMES)
def test_it_says_that_a_run_without_a_worker_has_none(name, tmp_path):
    target, run_dir = get_target(name), RunDir(tmp_path)
    assert target.is_alive(run_dir) is False
    target.kill(run_dir)


def test_a_misspelt_target_is_answered_with_the_right_name():
    with pytest.raises(InputError) as caught:
        get_target("locall")
    assert caught.value.hint == "Did you mean 'local'?"
