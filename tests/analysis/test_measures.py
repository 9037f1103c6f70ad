"""Measures of runs whose curves, and so whose answers, are known."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from made_runs import STEPS, grokking, made
from test_results import row

from analysis import table
from analysis.measures import measure_named
from analysis.measures._run import first_held, slope
from analysis.measures._table import measured
from analysis.measures.contraction import contraction
from analysis.measures.decay_of_divergence import decay_of_divergence
from analysis.measures.explaining_away import explaining_away
from analysis.measures.final import final
from analysis.measures.phases import phases
from analysis.measures.plateau import plateau
from analysis.measures.structure_at_grok import structure_at_grok


def test_every_planted_phase_is_found_and_blips_are_not() -> None:
    assert phases(grokking()) == {
        "phase_memorised": 60,
        "phase_starved": 200,
        "phase_resurgence": 600,
        "phase_aligned": 700,
        "phase_grokked": 800,
        "log_phase_aligned": pytest.approx(math.log(700)),
        "shows_starved": 1.0,
        "shows_resurgence": 1.0,
        "shows_aligned": 1.0,
        "structure_lead": pytest.approx(math.log(8 / 7)),
        "structure_lead_steps": 100,
    }


def test_a_loss_that_never_rises_has_no_resurgence() -> None:
    run = grokking()
    columns = {**run.columns, "train_loss": np.maximum(np.exp(-STEPS / 120), 0.01)}
    found = phases(made(memorised=60, grokked=800, **columns))
    assert (found["phase_starved"], found["phase_resurgence"], found["phase_grokked"]) == (200, None, 800)
    assert (found["shows_starved"], found["shows_resurgence"]) == (1.0, 0.0)


def test_resurgence_needs_starvation_and_comes_before_grokking() -> None:
    run = grokking()
    fed = made(memorised=60, grokked=800, **{**run.columns, "interaction_gradient": np.full(len(STEPS), 0.5)})
    assert phases(fed)["phase_starved"] is None and phases(fed)["phase_resurgence"] is None
    early = made(memorised=60, grokked=590, **run.columns)
    assert phases(early)["phase_resurgence"] is None
    at_once = made(memorised=60, grokked=600, **run.columns)
    assert phases(at_once)["phase_resurgence"] == 600
    sooner = {**run.columns, "train_loss": np.where((STEPS >= 100) & (STEPS < 130), 3.0, run.columns["train_loss"])}
    assert phases(made(memorised=60, grokked=800, **sooner))["phase_resurgence"] == 600


def test_resurgence_is_counted_from_memorising_where_the_gradient_was_not_recorded() -> None:
    columns = {name: values for name, values in grokking().columns.items() if name != "interaction_gradient"}
    found = phases(made(memorised=60, grokked=800, without=("interaction_gradient",), **columns))
    assert (found["phase_starved"], found["phase_resurgence"], found["shows_starved"]) == (None, 600, None)


def test_starvation_after_grokking_is_none() -> None:
    late = np.where(STEPS < 900, 0.5, 0.01)
    assert phases(made(memorised=60, grokked=800, interaction_gradient=late))["phase_starved"] is None
    assert phases(made(memorised=60, interaction_gradient=late))["phase_starved"] == 900


def test_structure_may_come_last_or_be_there_at_once() -> None:
    kl = np.where(STEPS < 900, 0.9, 0.01)
    assert phases(made(memorised=60, grokked=300, attention_kl=kl))["structure_lead"] == pytest.approx(-math.log(3))
    never = phases(made(memorised=60, grokked=300, attention_kl=0 * kl + 0.9))
    assert never["structure_lead"] == pytest.approx(-math.log(1000 / 300)) and never["structure_lead_steps"] is None
    found = phases(made(memorised=60, grokked=300, attention_kl=0 * kl))
    assert (found["structure_lead"], found["structure_lead_steps"]) == (None, 300)
    assert (found["shows_aligned"], found["log_phase_aligned"]) == (1.0, None)


def test_the_planted_slope_and_depth_of_starvation_come_back() -> None:
    found = explaining_away(grokking())
    assert found["starvation_depth"] == pytest.approx(math.log10(0.05))
    loss = np.exp(-STEPS / 200)
    linear = made(train_loss=loss, score_gradient=np.where(STEPS < 50, 0.1, 3 * loss))
    assert explaining_away(linear)["starvation_slope"] == pytest.approx(1.0)
    root = made(grokked=500, train_loss=loss, score_gradient=np.where(STEPS <= 500, 3 * loss**0.5, 9.0))
    assert explaining_away(root)["starvation_slope"] == pytest.approx(0.5)
    few = made(grokked=30, train_loss=loss, score_gradient=loss)
    assert explaining_away(few)["starvation_slope"] is None


def test_the_worst_ratio_and_share_of_a_run_count() -> None:
    peak = np.where(STEPS == 500, 1.3, 0.2)
    found = explaining_away(made(bound_ratio_printed=peak, bound_violations_printed=peak - 1))
    assert (found["bound_printed_worst"], found["bound_exact_worst"]) == (1.3, 0.5)
    assert found["bound_violations_printed"] == pytest.approx(0.3)


def test_structure_is_read_at_the_grok_step_and_what_was_not_recorded_left_out() -> None:
    run = made(grokked=800, attention_kl=STEPS / 1000, distractor_gap=np.abs(STEPS - 500) + 1.0)
    found = structure_at_grok(run)
    assert (found["kl_at_grok"], found["gap_at_grok"], found["gap_smallest"]) == (0.8, 301.0, 1.0)
    bare = structure_at_grok(made(grokked=800, without=("distractor_gap", "pooled_mass_q01", "best_head_mass_q01")))
    assert set(found) - set(bare) == {"gap_at_grok", "gap_smallest", "pooled_mass_at_grok", "best_head_mass_at_grok"}


@pytest.mark.parametrize("share, factor, rate", [(1.0, 1.0, 2.0), (0.5, 2.0, 1.0)])
def test_free_decay_takes_one_and_the_printed_bound_two(share: float, factor: float, rate: float) -> None:
    norm = 20 * np.exp(-share * 0.01 * STEPS)
    found = plateau(made(memorised=60, grokked=800, mlp_norm=norm))
    assert found["plateau_factor"] == pytest.approx(factor)
    assert found["contraction_rate"] == pytest.approx(rate)
    assert found["norm_at_memorising"] == pytest.approx(norm[6])


def test_the_variance_of_scores_is_compared_from_memorising_to_grokking() -> None:
    variance = np.where(STEPS < 60, 9.0, np.where(STEPS <= 800, 2.0 * np.exp(-STEPS / 400), 9.0))
    found = plateau(made(memorised=60, grokked=800, score_variance=variance))
    assert found["score_variance_change"] == pytest.approx(-740 / 400)
    assert plateau(made(grokked=800, score_variance=variance))["score_variance_change"] is None
    assert "score_variance_change" not in plateau(made(memorised=60, grokked=800))


def test_without_decay_or_with_a_growing_norm_there_is_no_factor() -> None:
    growing = plateau(made(memorised=60, grokked=800, mlp_norm=1.0 + STEPS))
    assert growing["plateau_factor"] is None and (growing["contraction_rate"] or 0) < 0
    still = plateau(made(memorised=60, grokked=800, mlp_norm=np.exp(-STEPS / 100), fields={"weight_decay": 0.0}))
    assert still["plateau_factor"] is None and still["contraction_rate"] is None


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_exponential_and_algebraic_decay_are_told_apart(noise: float) -> None:
    wobble = np.exp(noise * np.random.default_rng(0).standard_normal(len(STEPS)))
    exponential = decay_of_divergence(made(attention_kl=0.9 * np.exp(-STEPS / 150) * wobble))
    algebraic = decay_of_divergence(made(attention_kl=0.9 / (1 + STEPS / 30) * wobble))
    assert exponential["kl_decay_algebraic"] == 0.0 and (exponential["kl_decay_aicc"] or 0) < -2
    assert algebraic["kl_decay_algebraic"] == 1.0 and (algebraic["kl_decay_aicc"] or 0) > 10


def test_a_divergence_that_hardly_falls_has_no_law() -> None:
    assert decay_of_divergence(made(attention_kl=0.9 - STEPS / 2000))["kl_decay_aicc"] is None


def test_the_start_does_not_count() -> None:
    decay = 0.9 * np.exp(-STEPS / 150)
    assert decay_of_divergence(made(attention_kl=np.where(STEPS == 0, 1e-9, decay))) == decay_of_divergence(
        made(attention_kl=decay)
    )


def test_points_below_rounding_do_not_count() -> None:
    fast = 0.9 * np.exp(-STEPS / 20)
    floored = made(attention_kl=np.maximum(fast, 1e-9))
    assert decay_of_divergence(floored) == decay_of_divergence(made(attention_kl=fast))


def test_the_last_evaluation_counts() -> None:
    run = made(test_accuracy=STEPS / 1000, train_loss=2 - STEPS / 1000, accuracy_at_12=STEPS / 4000)
    assert final(run) == {
        "final_test_accuracy": 1.0,
        "final_train_loss": 1.0,
        "final_accuracy_at_12": 0.25,
        "final_accuracy_at_5": 0.5,
    }


def test_a_curve_that_is_missing_names_its_probe() -> None:
    with pytest.raises(ValueError, match=r"no curve 'bound_ratio_printed': .*probes=\('explaining_away',\)"):
        explaining_away(made(without=("bound_ratio_printed",)))


def test_a_slope_needs_five_points_and_some_spread() -> None:
    x = np.arange(5.0)
    assert slope(x, 3 * x) == pytest.approx(3.0)
    assert slope(x[:4], x[:4]) is None and slope(np.ones(9), np.arange(9.0)) is None
    assert first_held(x, np.array([False, False, False, False, True])) is None


def frames(config: str = '{"learning_rate": 0.01}') -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return two replicas of which the second diverged and has no column "extra", and their curves, shuffled."""
    event = {**row()["events"][0], "upper": 20}
    replicas = [{**row("b", 30), "events": [event], "config": config}, {**row("a", 30, "diverged"), "config": config}]
    points = [
        (name, step, probe, value)
        for name in ("a", "b")
        for step in (0, 10, 20, 30, 40)
        for probe, value in (("test_accuracy", step / 100), ("train_loss", math.nan if name == "a" else 0.5))
    ]
    points += [("b", step, "accuracy_at_9", 0.25) for step in (0, 10, 20, 30, 40)]
    curves = pl.DataFrame(points, schema=table.curve_schema(), orient="row")
    return table.replicas_frame(replicas), curves.sample(fraction=1.0, shuffle=True, seed=1)


def test_one_row_per_run_up_to_its_last_step_without_nan() -> None:
    found = measured(*frames(), ["final"], 0.99).sort("id")
    assert found.columns == ["id", "final_test_accuracy", "final_train_loss", "final_accuracy_at_9"]
    assert found.rows() == [("a", 0.3, None, None), ("b", 0.3, 0.5, 0.25)]


def test_events_and_missing_curves_reach_the_measures() -> None:
    replicas, curves = frames()
    with pytest.raises(ValueError, match=r"Recording\(probes=\('attention_kl',\)\)"):
        measured(replicas, curves, ["phases"], 0.99)
    assert measured(replicas, curves.clear(), ["phases"], 0.99).rows() == []
    kl = curves.filter(pl.col("probe") == "test_accuracy").with_columns(probe=pl.lit("attention_kl"))
    assert measured(replicas, pl.concat([curves, kl]), ["phases"], 0.99)["phase_grokked"].drop_nulls().to_list() == [20]


def test_an_unknown_measure_lists_the_measures() -> None:
    with pytest.raises(LookupError, match="unknown measure 'fases'; measures: contraction, decay_of_divergence"):
        measure_named("fases")


@pytest.mark.parametrize("optimizer, sizes", [("adamw", 2 * 69), ("lion", 2 * 8 + 8 + 8 * 5 + 5)])
def test_contraction_counts_the_intervals_in_which_the_norm_outgrew_its_largest_updates(
    optimizer: str, sizes: int
) -> None:
    fields = {"optimizer": optimizer, "width": 2, "modulus": 5, "beta1": 0.0, "beta2": 0.5, "learning_rate": 0.01}
    limit = sizes**0.5 / 1.0  # where decay and the largest update balance, U / weight decay
    still = contraction(made(memorised=500, mlp_norm=np.full(len(STEPS), 0.999 * limit), fields=fields))
    assert still == {"contraction_violations": 0.0, "contraction_worst": pytest.approx(0.0, abs=0.001)}
    beyond = contraction(made(memorised=500, mlp_norm=np.full(len(STEPS), 1.001 * limit), fields=fields))
    assert beyond["contraction_violations"] == 1.0
    jump = np.where(STEPS > 750, 1.5 * limit, 0.5 * limit)
    found = contraction(made(memorised=500, mlp_norm=jump * np.exp(-(STEPS - 750) / 100), fields=fields))
    assert found["contraction_violations"] == pytest.approx(1 / 50)
    for other in ({"optimizer": "sgd"}, {"weight_decay": 0.0}, {"optimizer": "muon", "beta1": 0.9}):
        assert contraction(made(memorised=500, fields={**fields, **other}))["contraction_violations"] is None


def test_no_update_of_adamw_is_larger_than_its_size_in_the_proposition() -> None:
    """Gradients that grow at the right rate bring one weight near (1 - β₁)² / ((1 - β₂)(1 - β₁² / β₂))."""
    from analysis.measures.contraction import _squared_size

    for beta1, beta2 in ((0.9, 0.999), (0.9, 0.99), (0.9, 0.95), (0.0, 0.999)):
        first = second = 0.0
        for step in range(400):
            gradient = (beta2 / max(beta1, 1e-3)) ** (step - 400) if beta1 else float(step == 399)
            first, second = beta1 * first + (1 - beta1) * gradient, beta2 * second + (1 - beta2) * gradient**2
        fields = {"optimizer": "adamw", "width": 2, "modulus": 5, "beta1": beta1, "beta2": beta2}
        size = _squared_size(fields)
        assert size is not None and 0.9 * size / 69 < first**2 / second <= 1.001 * size / 69


def test_bounds_are_measured_phase_by_phase() -> None:
    ratio = np.where(STEPS < 60, 0.1, np.where(STEPS < 800, 0.001, 1e-5))
    found = explaining_away(made(memorised=60, grokked=800, bound_ratio_sharp=ratio))
    told = [found[f"tightness_sharp_{phase}"] for phase in ("memorising", "waiting", "grokked")]
    assert told == pytest.approx([-1, -3, -5])
    waiting = explaining_away(made(memorised=60, bound_ratio_sharp=ratio))
    assert waiting["tightness_sharp_waiting"] == pytest.approx(-3) and waiting["tightness_sharp_grokked"] is None
    never = explaining_away(made(bound_ratio_sharp=ratio))
    assert never["tightness_sharp_memorising"] == pytest.approx(-1) and never["tightness_sharp_waiting"] is None
