"""The event detector on curves worked by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analysis import events

STEPS = [0, 10, 20, 30, 40, 50, 60]


def grokked(values: list[float], window: int = 20) -> events.Event:
    return events.crossing(STEPS[: len(values)], values, name="grokked", threshold=0.9, confirmation_steps=window)


def curve(test: list[float], loss: list[float] | None = None) -> dict[str, list[float]]:
    return {"test_accuracy": test, "train_accuracy": [1.0] * len(test), "train_loss": loss or [0.1] * len(test)}


def ending(
    test: list[float], *, end: str = "event", last_step: int = 60, loss: list[float] | None = None
) -> events.Ending | None:
    return events.ending(
        curve(test, loss), STEPS[: len(test)], end=end, threshold=0.9, confirmation_steps=20, last_step=last_step
    )


def test_first_crossing_lies_between_two_evaluations() -> None:
    event = grokked([0.0, 0.2, 0.95, 0.95, 0.95])
    assert (event.lower, event.upper) == (10, 20)


def test_a_value_at_the_threshold_counts() -> None:
    assert grokked([0.0, 0.9]).upper == 10


def test_never_crossing_is_censored_at_the_last_evaluation() -> None:
    event = grokked([0.0, 0.5, 0.5])
    assert (event.lower, event.upper, event.sustained_upper) == (20, None, None)


def test_a_relapse_moves_the_sustained_crossing_only() -> None:
    event = grokked([0.0, 0.95, 0.5, 0.95, 0.95, 0.95])
    assert (event.upper, event.sustained_lower, event.sustained_upper, event.relapses) == (10, 20, 30, 1)


def test_an_unfinished_window_is_not_sustained() -> None:
    assert grokked([0.0, 0.0, 0.95, 0.95]).sustained_upper is None


def test_an_event_at_the_first_evaluation_starts_before_it() -> None:
    event = grokked([0.95, 0.95])
    assert (event.lower, event.upper) == (-1, 0)


def test_watching_ends_when_the_window_closes_however_far_training_ran() -> None:
    ended = ending([0.0, 0.95, 0.95, 0.95, 0.95, 0.95])
    assert ended == events.Ending(index=3, status="observed")


def test_trajectory_experiments_run_to_the_budget() -> None:
    assert ending([0.0] + [0.95] * 4, end="budget") is None
    assert ending([0.0] + [0.95] * 6, end="budget") == events.Ending(index=6, status="budget")


def test_divergence_ends_watching_where_it_happens() -> None:
    loss = [0.1, 0.1, float("nan"), 0.1, 0.1]
    assert ending([0.0] * 5, loss=loss) == events.Ending(index=2, status="diverged")


def test_an_open_curve_goes_on() -> None:
    assert ending([0.0, 0.95, 0.95]) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_sustained_never_precedes_first_crossing(values: list[float]) -> None:
    event = grokked(values)
    if event.sustained_upper is not None:
        assert event.upper is not None and event.upper <= event.sustained_upper
    if event.upper is None:
        assert event.lower == STEPS[len(values) - 1] and max(values) < 0.9
    else:
        assert event.lower < event.upper
