from aliquot.core.run import Event
from aliquot.export.history import read_history


def _events(*pairs):
    return [
        Event(sequence=n, at="2026-01-01T00:00:00Z", kind=kind, data=data)
        for n, (kind, data) in enumerate(pairs, 1)
    ]


def _step(step, loss):
    return ("step", {"step": step, "loss": loss, "step_s": 0.5, "num_tokens": 100, "trained_tokens": 10})


def _validation(step, loss, is_best):
    return ("validation", {"step": step, "loss": loss, "is_best": is_best})


def test_nothing_happened_yet():
    history = read_history([])
    assert (history.steps, history.validations, history.best, history.tokens_per_s) == ((), (), None, None)


def test_speed_and_tokens_are_sums_over_the_steps():
    history = read_history(_events(_step(1, 2.0), _step(2, 1.0)))
    assert history.steps == ((1, 2.0), (2, 1.0))
    assert (history.tokens_per_s, history.trained_tokens, history.step_time_s) == (200.0, 20, 1.0)


def test_the_last_best_validation_is_chosen():
    history = read_history(
        _events(_validation(5, 0.9, True), _validation(10, 0.7, True), _validation(15, 0.8, False))
    )
    assert history.best == (10, 0.7)


def test_what_a_resume_superseded_does_not_count():
    history = read_history(
        _events(
            _step(1, 3.0),
            _validation(1, 0.9, True),
            _step(2, 9.0),
            _validation(2, 0.1, True),
            ("resumed", {"from_step": 1}),
            _step(2, 2.0),
            _validation(2, 0.8, True),
        )
    )
    assert history.steps == ((1, 3.0), (2, 2.0))
    assert history.validations == ((1, 0.9), (2, 0.8))
    assert history.best == (2, 0.8)
