from aliquot.core.run import Event
from aliquot.export.preferences import preference_text

TOLD = {
    "num_right": 18,
    "num_pairs": 20,
    "accuracy": 0.9,
    "low": 0.699,
    "high": 0.9721,
    "confidence": 0.95,
    "reward_margin": 0.0421,
}


def test_the_last_count_is_told_with_its_interval():
    events = [
        Event(sequence=number, at="", kind="preferences", data={**TOLD, "num_right": right})
        for number, right in enumerate((3, 18))
    ]
    assert preference_text(events) == (
        "18 of 20 ranked as preferred: 0.900 [0.699, 0.972], 95% interval after Wilson; "
        "mean reward margin 0.0421"
    )


def test_other_runs_have_no_pairs():
    assert preference_text([Event(sequence=1, at="", kind="step", data={})]) == ""
