import numpy as np
import pytest

from aliquot.data.chronology import read_times


@pytest.mark.parametrize(
    "texts",
    [
        ["1999", "2000", "2001.5"],
        ["-3", "0", "1e3"],
        ["2024-05", "2024-06", "2025-01"],
        ["2024-05-31", "2024-05-31T12:00:00", "2024-06-01T00:00:00+00:00"],
        ["2024-05-31T23:00:00+02:00", "2024-05-31T22:00:00Z"],
    ],
)
def test_times_are_in_order(texts):
    times, is_bad = read_times(texts)
    assert not is_bad.any()
    assert (np.diff(times) > 0).all()


def test_what_is_no_time_is_marked():
    _, is_bad = read_times(["2024-05-31", None, "", "nan", "inf", "31/05/2024"])
    assert is_bad.tolist() == [False, True, True, True, True, True]


def test_nothing_is_read_from_nothing():
    times, is_bad = read_times([])
    assert len(times) == len(is_bad) == 0
