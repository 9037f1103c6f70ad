"""One parent serves children of every step: planned and trained once, from its kept steps, and made anew when lost."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from launches import TINY_SET, tiny
from test_kept import kept

from orchestrator.launch import train
from orchestrator.storage.results import BadInputError
from orchestrator.study.study import Study
from trainables.interventions.magnitude_ticket import magnitude_masks as mask_of
from trainables.pack import Pack, Snapshot
from trainables.parents import parameters_of_parents
from trainables.run import PackRun

TICKETS = (*TINY_SET, "kl_strength=0.1", "ticket=rewound", "parent_steps=45")
PARENT_ENDS = 45
SOME, MORE = "parent_at=5,12,none", "parent_at=5,12,20,none"


def tickets(storage: Path, steps: str = SOME, **changes: Any) -> Study:
    return tiny(storage, changes=(*TICKETS, steps), **changes)


def train_parents(made: Study) -> None:
    """Train the parents alone, as a launch does that is killed right after."""
    plan = made.plan()
    parents = {each.id for each in plan.parents}
    for pack in plan.packs:
        if {each.id for each in pack.replicas} <= parents:
            run = PackRun(pack, made.results)
            while not run.chunk()["done"]:
                pass


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = tickets(tmp_path_factory.mktemp("tickets"))
    assert train(made, silent=True)
    return made


def test_one_parent_per_seed_keeps_the_steps_of_all_its_children(tmp_path: Path) -> None:
    plan = tickets(tmp_path).plan()
    assert (len(plan.replicas), len(plan.parents)) == (6, 2)
    assert {each.recording.keep_steps for each in plan.parents} == {(5, 12)}
    assert len({each.id for replica in plan.replicas for each in replica.ancestors()}) == 2


def test_the_parents_are_trained_once_to_their_own_end(launched: Study) -> None:
    plan = launched.plan()
    assert plan.left == 0 and plan.parents == ()
    parents = {each.id: each for replica in plan.replicas for each in replica.ancestors()}
    assert launched.results.replicas(list(parents))["steps"].to_list() == [PARENT_ENDS] * 2
    for name in parents:
        assert launched.results.kept_steps(name) == [5, 12]
        assert launched.results.checkpoint_steps(name) == [PARENT_ENDS]


def test_each_child_starts_from_the_step_that_it_names(launched: Study) -> None:
    replicas = launched.plan().replicas
    pack = Pack(replicas, parents=parameters_of_parents(replicas, 60, launched.results))
    found = pack.parts.interventions[-1].masks
    for row, replica in enumerate(replicas):
        assert replica.parent is not None
        at = replica.config["parent_at"]
        stored = kept(launched.results, replica.parent)
        last = launched.results.load_checkpoint(replica.parent.id, PARENT_ENDS)
        params = Snapshot.from_bytes(last).params if at is None else stored[at]
        wanted = mask_of({name: value[None] for name, value in params.items()}, [replica.config["pruned"]])
        assert all(torch.equal(found[name][row], mask[0]) for name, mask in wanted.items())


def test_a_launch_that_was_killed_after_its_parents_trains_the_children_only(tmp_path: Path, launched: Study) -> None:
    made = tickets(tmp_path)
    train_parents(made)
    plan = tickets(tmp_path).plan()
    assert plan.parents == () and len(plan.missing) == 6
    assert train(made, silent=True)
    same = ("id", "status", "steps", "events")
    assert made.rows().sort("id").select(same).rows() == launched.rows().sort("id").select(same).rows()


def test_a_further_step_trains_the_parents_again_and_only_the_new_children(tmp_path: Path) -> None:
    made = tickets(tmp_path)
    assert train(made, silent=True)
    more = tickets(tmp_path, MORE)
    plan = more.plan()
    assert {each.config["parent_at"] for each in plan.missing} == {20} and len(plan.parents) == 2
    assert {each.id for each in plan.parents} == {each.id for r in made.plan().replicas for each in r.ancestors()}
    before = {each.id: kept(made.results, each)[5]["query"] for each in plan.parents}
    assert train(more, silent=True) and more.plan().left == 0
    for each in plan.parents:
        assert list(kept(made.results, each)) == [5, 12, 20]
        assert torch.equal(kept(made.results, each)[5]["query"], before[each.id])


def test_a_lost_step_is_made_anew_when_a_child_needs_it_and_not_before(tmp_path: Path) -> None:
    made = tickets(tmp_path)
    assert train(made, silent=True)
    (parent,) = made.plan().replicas[0].ancestors()
    (tmp_path / "kept" / parent.id / "12.pt").unlink()
    assert made.plan().parents == ()
    raised = tickets(tmp_path, budget_steps=90)
    assert [each.id for each in raised.plan().parents] == [parent.id]
    with pytest.raises(ValueError, match=f"parent {parent.id} has no readable checkpoint at step 12"):
        parameters_of_parents(raised.plan().missing, 90, made.results)
    assert train(raised, silent=True) and raised.plan().left == 0


def test_a_torn_step_is_moved_aside_and_made_anew_by_the_next_launch(tmp_path: Path) -> None:
    made = tickets(tmp_path)
    train_parents(made)
    (parent,) = made.plan().replicas[0].ancestors()
    file = tmp_path / "kept" / parent.id / "5.pt"
    content = file.read_bytes()
    file.write_bytes(content[:-10])
    train(made, silent=True)
    assert made.plan().left >= 1 and [each.id for each in made.plan().parents] == [parent.id]
    assert train(made, silent=True) and made.plan().left == 0
    assert file.read_bytes()[:40] == content[:40]


def test_a_replica_that_ended_without_a_kept_step_is_trained_again_to_the_same_row(tmp_path: Path) -> None:
    plain = tiny(tmp_path)
    assert train(plain, silent=True)
    rows = plain.rows().drop("provenance").rows()
    keeping = with_kept(plain, (0, 30, 1000))
    assert len(keeping.plan().missing) == 6
    assert train(keeping, silent=True) and keeping.plan().left == 0
    assert all(plain.results.kept_steps(each.id) == [0, 30] for each in keeping.plan().replicas)
    assert keeping.rows().drop("provenance").rows() == rows
    assert keeping.experiment.registration("laptop") == plain.experiment.registration("laptop")


def with_kept(made: Study, steps: tuple[int, ...]) -> Study:
    """Return the study with steps to be kept of its replicas."""
    recording = dataclasses.replace(made.asked.recording, keep_steps=steps)
    return dataclasses.replace(made, asked=dataclasses.replace(made.asked, recording=recording))


@pytest.mark.parametrize(
    "steps, fault",
    [
        ("parent_at=101", "must be <= parent_steps"),
        ("parent_at=100", "asked for at step 100; its last evaluation is at step 99"),
    ],
)
def test_a_step_that_no_parent_reaches_is_refused(tmp_path: Path, steps: str, fault: str) -> None:
    with pytest.raises(BadInputError, match=fault):
        tiny(tmp_path, changes=(*TICKETS, "parent_steps=100", steps))
    with pytest.raises(BadInputError, match="parent_at needs prior = teacher or a ticket"):
        tiny(tmp_path, changes=(*TINY_SET, "parent_at=5"))
