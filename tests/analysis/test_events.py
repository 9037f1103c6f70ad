"""The event detector on curves worked by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import events
from analysis.criteria import Criterion, Event, accuracy_criteria

STEPS = [0, 10, 20, 30, 40, 50, 60]


GROKKED = Criterion(name="grokked", column="test_accuracy", threshold=0.9)
ALIGNED = Criterion(name="aligned", column="attention_kl", threshold=0.1, falls=True)


def grokked(values: list[float], window: int = 20) -> events.Crossing:
    return events.crossing(STEPS[: len(values)], values, GROKKED, confirmation_steps=window)


def aligned(values: list[float], window: int = 20) -> events.Crossing:
    return events.crossing(STEPS[: len(values)], values, ALIGNED, confirmation_steps=window)


def curve(test: list[float], loss: list[float] | None = None) -> dict[str, list[float]]:
    return {"test_accuracy": test, "train_accuracy": [1.0] * len(test), "train_loss": loss or [0.1] * len(test)}


def ending(
    test: list[float], *, end: str = "event", last_step: int = 60, loss: list[float] | None = None
) -> events.Ending | None:
    until = GROKKED if end == "event" else None
    return events.ending(curve(test, loss), STEPS[: len(test)], until=until, confirmation_steps=20, last_step=last_step)


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


def test_a_window_that_is_still_open_may_have_begun_after_the_last_miss() -> None:
    event = grokked([0.0, 0.0, 0.95, 0.95])
    assert (event.sustained_lower, event.sustained_upper) == (10, None)
    assert grokked([0.95, 0.95]).sustained_lower == 0


def test_an_event_that_must_last_has_the_time_of_the_sustained_crossing() -> None:
    lasting = Event("aligned", column="attention_kl", below=0.1, sustained=True).criteria[0]
    found = events.crossing(STEPS, [0.9, 0.05, 0.5, 0.05, 0.05, 0.05, 0.05], lasting, confirmation_steps=20)
    assert (found.lower, found.upper) == (found.sustained_lower, found.sustained_upper) == (20, 30)
    assert found.relapses == 1


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


def test_a_falling_event_is_seen_where_the_column_is_at_the_threshold_or_below() -> None:
    found = aligned([0.9, 0.5, 0.1, 0.2, 0.05, 0.05, 0.04])
    assert (found.lower, found.upper, found.relapses) == (10, 20, 1)
    assert (found.sustained_lower, found.sustained_upper) == (30, 40)


def test_a_fall_that_is_not_seen_is_censored_at_the_last_evaluation() -> None:
    found = aligned([0.9, 0.5, 0.11])
    assert (found.lower, found.upper, found.sustained_upper) == (20, None, None)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=7))
def test_falling_is_rising_upside_down(values: list[float]) -> None:
    up = Criterion(name="aligned", column="attention_kl", threshold=-0.1)
    turned = events.crossing(STEPS[: len(values)], [-value for value in values], up, confirmation_steps=20)
    assert vars(turned) == {**vars(aligned(values)), "threshold": -0.1}


@pytest.mark.parametrize("broken", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_not_finite_reaches_nothing(broken: float) -> None:
    assert aligned([0.9, 0.5, broken]).upper is None and grokked([0.1, 0.5, broken]).upper is None


def test_a_run_that_diverged_before_has_no_event_at_or_after_that() -> None:
    broken = float("nan")
    facts = {**curve([0.0, 0.1, 0.1], [0.1, 0.1, broken]), "attention_kl": [0.9, 0.5, broken]}
    ended = events.ending(facts, STEPS[:3], until=ALIGNED, confirmation_steps=20, last_step=60)
    assert ended == events.Ending(index=2, status="diverged")
    (found,) = events.detect(facts, STEPS[:3], [ALIGNED], confirmation_steps=20)
    assert (found.lower, found.upper) == (20, None)


def test_an_event_of_ones_own_ends_watching_when_its_window_closes() -> None:
    facts = {**curve([0.0] * 6), "attention_kl": [0.9, 0.05, 0.5, 0.05, 0.05, 0.05]}
    ended = events.ending(facts, STEPS[:6], until=ALIGNED, confirmation_steps=20, last_step=600)
    assert ended == events.Ending(index=5, status="observed")


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="'aligned' needs the column 'attention_kl'"):
        events.detect(curve([0.0]), [0], [ALIGNED], confirmation_steps=20)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7), st.sampled_from((0.5, 0.9)))
def test_an_event_on_test_accuracy_is_the_built_in_one(values: list[float], threshold: float) -> None:
    (own,) = Event("mine", column="test_accuracy", above=threshold).criteria
    built_in = accuracy_criteria([threshold])[0]
    found = events.detect(curve(values), STEPS[: len(values)], [own, built_in], confirmation_steps=20)
    assert {**vars(found[0]), "name": "grokked"} == vars(found[1])


@pytest.mark.parametrize(
    "event, fault",
    [
        (Event("grokked", column="test_accuracy", above=0.5), "none of grokked, memorised"),
        (Event("Aligned", column="attention_kl", below=0.5), "lower-case"),
        (Event("aligned", column="attention_kl"), "either above or below"),
        (Event("aligned", column="attention_kl", above=0.5, below=0.1), "either above or below"),
        (Event("aligned", column="attention_kl", below=(0.1, 0.1)), "different finite numbers"),
        (Event("aligned", column="attention_kl", below=float("nan")), "different finite numbers"),
    ],
)
def test_faults_of_a_declaration_are_told(event: Event, fault: str) -> None:
    assert any(fault in told for told in event.faults())
    assert not list(Event("aligned", column="attention_kl", below=(0.5, 0.1)).faults())
