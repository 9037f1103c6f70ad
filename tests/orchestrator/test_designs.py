"""What an interval of a wanted width would cost: for each grid of a union, from results or from pilots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import analysis.design
from orchestrator.storage.results import BadInputError
from orchestrator.study.study import Options, Study, study_of
from orchestrator.verbs.designs import design, lines


@pytest.fixture(autouse=True)
def few_simulations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis.design, "SIMULATIONS", 3)
    monkeypatch.setattr(analysis.design, "SEED_COUNTS", (5, 8))


def study(name: str, storage: Path, **changes: Any) -> Study:
    return study_of(Options(name=name, storage=str(storage), **changes))


def test_each_grid_of_a_union_has_designs_of_its_own(tmp_path: Path) -> None:
    facts = design(study("kl_scaling", tmp_path), 0.2, cores=2)
    sgd, adamw = facts["parts"]
    assert (sgd["where"]["optimizer"], adamw["where"]["optimizer"]) == ("sgd", "adamw")
    assert sgd["designs"][0]["levels"][-1] == 4.0 and adamw["designs"][0]["levels"][0] == 0.025
    assert sgd["world"]["values"]["exponent"] < 1.5 < adamw["world"]["values"]["exponent"]
    told = lines(facts)
    assert "where optimizer SGD:" in told and "where optimizer AdamW:" in told


def test_a_single_grid_needs_no_name_and_its_other_axes_multiply_the_cost(tmp_path: Path) -> None:
    one, both = (
        design(study("weight_decay_scaling", tmp_path, changes=changes), 0.2, cores=2)
        for changes in ((), ("width=32,64",))
    )
    assert not any(line.startswith("where") for line in lines(one))
    pairs = zip(one["parts"][0]["designs"], both["parts"][0]["designs"], strict=True)
    assert all(twice["replica_steps"] == pytest.approx(2 * once["replica_steps"]) for once, twice in pairs)


def test_young_evaluations_lie_as_far_apart_as_the_recording_says() -> None:
    assert list(analysis.design.evaluations(5, spacing=1.0)) == [1, 2, 3, 4, 5]
    assert list(analysis.design.evaluations(30)) == [10, 20, 30]


@pytest.mark.parametrize(
    "changes, fault",
    [(("kl_strength=0.1,1",), "no grid of 3 levels"), (("kl_strength=0,0.1,1",), "no grid of 3 levels")],
)
def test_too_few_levels_are_refused(changes: tuple[str, ...], fault: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=fault):
        design(study("kl_scaling", tmp_path, changes=changes), 0.2, cores=2)
