"""Teachers: trained once, before those they teach, kept for later launches, and never silently replaced."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from launches import TINY_SET, tiny
from test_packs import packs_of

from orchestrator.launch import train
from orchestrator.study.study import Study
from search_spaces._files import experiment_named
from trainables.names import available
from trainables.pack import Pack, Snapshot
from trainables.parents import parameters_of_parents

TAUGHT = (*TINY_SET, "prior=teacher", "parent_steps=25")
TEACHER_ENDS = 25


def taught(storage: Path, **changes: object) -> Study:
    return tiny(storage, **{"changes": TAUGHT, **changes})


def test_a_teacher_has_the_same_split_and_start_but_no_prior_and_is_planned_once_for_all_strengths(
    tmp_path: Path,
) -> None:
    plan = taught(tmp_path).plan()
    assert (len(plan.replicas), len(plan.parents)) == (6, 2)
    for replica in plan.replicas:
        (parent,) = replica.ancestors()
        assert parent in plan.parents
        assert (parent.data_seed, parent.init_seed) == (replica.data_seed, replica.init_seed)
        assert (parent.config["prior"], parent.config["kl_strength"]) == ("none", 0.0)
    order = [replica in plan.parents for pack in plan.packs for replica in pack.replicas]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize("name", available("search_spaces"))
def test_no_oracle_is_among_the_ancestors_of_any_experiments_replicas(name: str) -> None:
    experiment = experiment_named(name)
    for scale in experiment.scales:
        for replica in experiment.replicas(scale):
            for ancestor in replica.ancestors():
                of_attention = {name: ancestor.config.get(name) for name in ("prior", "attention")}
                assert of_attention["prior"] in ("none", None) and of_attention["attention"] != "oracle"


def test_packs_wait_until_their_teachers_have_ended(tmp_path: Path) -> None:
    made = taught(tmp_path)
    packs, parents = packs_of(made), {each.id for each in made.plan().parents}
    first = []
    while config := packs.next():
        first.append(config)
    assert {each.id for config in first for each in config["replicas"]} == parents
    assert not packs.over
    for config in first:
        packs.ended(config["pack"])
    rest = packs.next()
    assert rest and not {each.id for each in rest["replicas"]} & parents


def test_when_a_teacher_is_given_up_so_are_those_it_was_to_teach(tmp_path: Path) -> None:
    made = taught(tmp_path)
    packs = packs_of(made)
    while config := packs.next():
        packs.failed(config["pack"], "RuntimeError: injected\n")
    assert packs.over
    plan = made.plan()
    assert len(made.results.failed([each.id for each in plan.to_train])) == 8
    assert "its parent" in (tmp_path / "failures" / f"{plan.replicas[0].id}.txt").read_text()


def test_a_launch_trains_teachers_once_and_later_launches_use_them_again(tmp_path: Path) -> None:
    made = taught(tmp_path)
    assert train(made, silent=True)
    assert made.plan().left == 0 and made.rows().height == 6
    parents = {each.id for replica in made.plan().replicas for each in replica.ancestors()}
    assert all(made.results.checkpoint_steps(each) == [TEACHER_ENDS] for each in parents)
    files = len(made.results.files("replicas", ".parquet"))
    more = taught(tmp_path, changes=tuple(each.replace("0.03,0.1,1", "0.5") for each in TAUGHT), budget_steps=80)
    assert len(more.plan().parents) == 0 and len(more.plan().missing) == 2
    assert train(more, silent=True)
    assert len(made.results.files("replicas", ".parquet")) > files
    assert made.results.replicas(parents)["steps"].to_list() == [TEACHER_ENDS] * 2


def test_a_teacher_whose_checkpoint_is_gone_is_trained_again(tmp_path: Path) -> None:
    made = taught(tmp_path)
    assert train(made, silent=True)
    more = taught(tmp_path, seeds=3)
    lost = next(iter(more.plan().replicas[0].ancestors()))
    made.results.drop_checkpoints(lost.id)
    assert made.plan().parents == ()  # nobody needs it any more
    raised = taught(tmp_path, budget_steps=90)
    assert [each.id for each in raised.plan().parents] == [lost.id]
    with pytest.raises(ValueError, match=f"parent {lost.id} has no readable checkpoint at step {TEACHER_ENDS}"):
        parameters_of_parents(raised.plan().missing, 90, made.results)
    assert train(raised, silent=True) and raised.plan().left == 0


def test_students_learn_from_the_attention_with_which_their_own_teacher_ended(tmp_path: Path) -> None:
    made = taught(tmp_path)
    assert train(made, silent=True)
    replicas = made.plan().replicas
    parents = parameters_of_parents(replicas, 60, made.results)
    pack = Pack(replicas, parents=parents)
    found = pack.parts.interventions[0]._attention
    for row, replica in enumerate(replicas):
        assert replica.parent is not None
        content = made.results.load_checkpoint(replica.parent.id, TEACHER_ENDS)
        own = {name: value[None] for name, value in Snapshot.from_bytes(content).params.items()}
        wanted = pack.parts.model.attend(own, pack.parts.task.train.inputs[row : row + 1]).attention
        torch.testing.assert_close(found[row : row + 1], wanted)


def test_a_replica_without_its_parents_parameters_is_refused(tmp_path: Path) -> None:
    replica = taught(tmp_path).plan().replicas[0]
    with pytest.raises(ValueError, match="needs its parent"):
        Pack([replica])
