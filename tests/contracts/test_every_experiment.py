"""What every experiment must do, fed by discovery: a new file in search_spaces/ is tested the moment it exists."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch

import search_spaces
from analysis.rules import rule_named
from analysis.rules._arms import OfArms
from analysis.rules._law import OfLaw
from search_spaces._experiment import FIRST_PILOT_SEED
from search_spaces._files import experiment_named
from trainables import loop
from trainables.names import available
from trainables.pack import Pack, Snapshot

NAMES = available("search_spaces")

TABLE = {  # arXiv 2605.15787, Table G.2 and appendix G.3; learning rate and λ grid are inferred, see _axes.py
    "modulus": 113,
    "train_fraction": 0.3,
    "width": 64,
    "beta1": 0.9,
    "beta2": 0.999,
    "weight_decay": 1.0,
    "warmup_steps": 10,
    "clip_norm": 1.0,
    "residual": False,
    "layer_norm": False,
    "budget_steps": 10_000,
    "seeds": (0, 1, 2, 3, 4),
    "threshold": 0.99,
}
OF_SGD = {
    "optimizer": "sgd",
    "weight_decay": 0.001,
    "clip_norm": None,
    "momentum": 0.0,
}  # this project's
PAPER = {"kl_scaling": {**TABLE, **OF_SGD}}  # first of its grids
PAPER["kl_by_weight_decay"] = {**TABLE, "weight_decay": 0.03}  # first of the grid
PAPER["fastest_grokking"] = {**TABLE, "kl_strength": 1.0, "seeds": tuple(range(8))}  # its reference
PAPER["weight_decay_scaling"] = {**PAPER["kl_by_weight_decay"], "distractors": "constant", "kl_strength": 0.0}
PAPER["four_phases"] = {**TABLE, "kl_strength": 0.0}
PAPER["norm_and_structure"] = {**TABLE, "weight_decay": 0.0, "prior": "none"}  # first of the grid
PAPER["explaining_away_bound"] = {**TABLE, "kl_strength": 0.0}
PAPER["structural_priors"] = {**TABLE, "matched": True}
PAPER["kl_schedules"] = {**TABLE, "kl_strength": 1.0, "schedule": "annealed"}
PAPER["attention_heads"] = {**TABLE, "heads": 4}  # appendix G.3
PAPER["frozen_oracle_attention"] = {**PAPER["kl_by_weight_decay"], "attention": "oracle"}
PAPER["model_width"] = {**TABLE, "width": 16}  # first of the grid
PAPER["dynamic_routing"] = {**TABLE, "routing": "moving"}
PAPER["length_generalization"] = {**TABLE, "positions": 6}  # appendix G.3
PAPER["kl_by_optimizer"] = {**TABLE, "optimizer": "adamw"}
PAPER["bayesian_ticket"] = {**TABLE, "ticket": "none", "parent_steps": 10_000}  # appendix G.3
PAPER["task_diversity"] = {**TABLE, "task": "addition"}
PAPER["autoregressive_parity"] = {
    **{**TABLE, "task": "parity", "bits": 20, "parity_size": 3},
    "batch_size": 512,  # appendix G.3
}
PAPER["optimizer_robustness"] = {
    **PAPER["four_phases"],
    "distractors": "constant",
    "batch_size": 64,
}  # first of the grid
PAPER["optimizer_grid"] = {**PAPER["four_phases"], "distractors": "constant", "optimizer": "adamw", "weight_decay": 0.5}
PAPER["softmax_collapse"] = {**TABLE, "weight_decay": 0.0, "prior": "oracle"}  # first of its grids
PAPER["alignment_under_adam"] = {**TABLE, "beta2": 0.9}  # first of the grid
OF_TICKETS = {  # arXiv 2310.19470 and its public code
    "modulus": 67,
    "pairs": "unordered",
    "train_fraction": 0.4,
    "width": 500,
    "hidden_width": 48,
    "learning_rate": 1e-3,
    "weight_decay": 1.0,
    "beta1": 0.9,
    "beta2": 0.98,
    "loss_dtype": "float64",
    "pruned": 0.6,
    "budget_steps": 30_000,
    "seeds": (0, 1, 2),
    "threshold": 0.95,
}
for each in ("grokking_tickets", "pruning_rate", "ticket_step", "norm_controls", "pruning_at_initialization"):
    PAPER[each] = OF_TICKETS
PAPER["learning_rate_and_weight_decay"] = {
    **OF_TICKETS,
    "learning_rate": 1e-4,
    "weight_decay": 0.1,
}  # first of the grid
PAPER["edge_popup"] = {**OF_TICKETS, "learning_rate": 0.01, "train_fraction": 0.5, "budget_steps": 2000}  # Table 1
PAPER["mlp_weight_decay"] = {**OF_TICKETS, "weight_decay": 0.1}  # first of the grid


@pytest.mark.parametrize("name", NAMES)
def test_experiment_is_sound_and_says_what_it_costs(name: str) -> None:
    experiment = experiment_named(name)
    assert experiment.name == name
    assert experiment.faults() == []
    assert set(experiment.scales) == {"laptop", "paper"}
    text = ast.get_docstring(ast.parse((Path(search_spaces.__path__[0]) / f"{name}.py").read_text())) or ""
    for word in ("Paper:", "Cost:", f"python -m orchestrator launch {name}"):
        assert word in text


@pytest.mark.parametrize("name", NAMES)
def test_claims_can_be_judged_and_pilot_seeds_are_apart(name: str) -> None:
    experiment = experiment_named(name)
    assert experiment.primary_law in experiment.laws or not (experiment.laws or experiment.primary_law)
    assert experiment.threshold in experiment.recording.thresholds
    for claim in experiment.claims:
        assert claim.statement.endswith(".") and claim.source
        kind, settings = rule_named(claim.rule.name), claim.rule.settings()
        assert kind(**kind.read(settings)) == claim.rule
    for scale in experiment.scales.values():
        confirming = scale.search.confirming_seeds if scale.search else ()
        assert max(*scale.seeds, *confirming) < FIRST_PILOT_SEED
        assert set(scale.expected_steps) <= set(scale.space.values(experiment.x) if not scale.search else ())


@pytest.mark.parametrize("scale", ["laptop", "paper"])
@pytest.mark.parametrize("name", NAMES)
def test_every_claim_speaks_of_runs_that_there_will_be(name: str, scale: str) -> None:
    experiment = experiment_named(name).asked_at(scale)
    size = experiment.scales[scale]
    if size.search:
        return
    axes = [{field: values[field] for field in size.names} for values, _ in size.points_and_seeds()]
    assert len({claim.name for claim in experiment.claims}) == len(experiment.claims) > 0
    for claim in experiment.claims:
        where, rule = claim.rule.where or {}, claim.rule
        compared = (rule.first, rule.second) if isinstance(rule, OfArms) else ({},)
        sides = [
            [point for point in axes if all(point[field] == value for field, value in {**where, **arm}.items())]
            for arm in compared
        ]
        assert all(sides), claim.name
        if len(sides) == 2:
            rest = [
                {tuple((f, v) for f, v in point.items() if f not in compared[0]) for point in side} for side in sides
            ]
            assert rest[0] & rest[1], claim.name


@pytest.mark.parametrize("name", NAMES)
def test_laptop_scale_has_the_size_that_its_claims_need(name: str) -> None:
    experiment = experiment_named(name)
    scale = experiment.scales["laptop"]
    if scale.search:
        assert len(scale.search.confirming_seeds) >= 8
        return
    levels = len(scale.space.values(experiment.x))
    assert levels >= (6 if any(isinstance(claim.rule, OfLaw) for claim in experiment.claims) else 3)
    assert len(scale.seeds) >= 8


@pytest.mark.parametrize("name", NAMES)
def test_paper_scale_builds_steps_checkpoints_and_resumes(name: str) -> None:
    experiment = experiment_named(name)
    replicas = experiment.replicas("paper")
    pair = [replicas[0], next(each for each in replicas[1:] if each.pack_key == replicas[0].pack_key)]
    pack = Pack(pair)
    loop.advance(pack, last_step=10**6, steps=1)
    loaded = [Snapshot.from_bytes(pack.snapshot(row).to_bytes()) for row in range(2)]
    resumed = Pack(pair, snapshots=loaded)
    loop.advance(resumed, last_step=10**6, steps=1)
    loop.advance(pack, last_step=10**6, steps=1)
    assert resumed.step == pack.step == 2
    for name_, value in pack.params.items():
        assert torch.equal(value, resumed.params[name_])


@pytest.mark.parametrize("name", PAPER)
def test_paper_scale_has_the_papers_numbers(name: str) -> None:
    experiment = experiment_named(name)
    scale = experiment.scales["paper"]
    config = experiment.replicas("paper")[0].config
    facts = {**config, "budget_steps": scale.budget_steps, "seeds": scale.seeds, "threshold": experiment.threshold}
    assert {field: facts[field] for field in PAPER[name]} == PAPER[name]


def test_every_experiment_has_its_table_of_the_papers_numbers() -> None:
    assert set(PAPER) == set(NAMES)
