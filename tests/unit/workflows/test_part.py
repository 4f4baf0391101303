import pytest

from aliquot.errors import Interrupted, MachineError, RunError
from aliquot.workflows.part import try_part


def failing(error):
    def work():
        raise error

    return work


def test_a_part_that_goes_well_has_no_error(tmp_path):
    assert try_part(lambda: None, "b", others="cells", whole=tmp_path / "w") is None


@pytest.mark.parametrize("kind", [RunError, MachineError])
def test_an_error_of_the_part_alone_is_given_back(tmp_path, kind):
    error = kind("It ran out.", code="memory_exhausted")
    assert try_part(failing(error), "b", others="cells", whole=tmp_path / "w") is error


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (
            Interrupted("Stopped.", code="stopped"),
            "The same command or `aliquot resume {}` goes on from there.",
        ),
        (
            MachineError("Full.", code="disk_full"),
            "Make room; then the same command or `aliquot resume {}` goes on.",
        ),
    ],
)
def test_what_concerns_all_ends_the_whole_and_says_how_it_goes_on(tmp_path, error, hint):
    whole = tmp_path / "w"
    with pytest.raises(type(error)) as caught:
        try_part(failing(error), "b", others="cells", whole=whole)
    assert caught.value.message == f"{error.message} b was at work; cells that have ended stay."
    assert (caught.value.code, caught.value.location) == (error.code, "w")
    assert caught.value.hint == hint.format(whole)
