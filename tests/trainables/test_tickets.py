"""Tickets: which weights stay, from which start, and that what is pruned stays pruned."""

from __future__ import annotations

import pytest
import torch
from tiny import tiny_replica
from torch import Tensor

from trainables import loop
from trainables.interventions.magnitude_ticket import KINDS, magnitude_masks
from trainables.pack import Pack
from trainables.randomness import generator
from trainables.replica import Replica


def trained(replica: Replica) -> dict[str, Tensor]:
    """Return the parameters of a replica's parent after a few steps."""
    assert replica.parent
    pack = Pack([replica.parent])
    loop.advance(pack, last_step=30)
    return pack.snapshot(0).params


def ticket(seed: int = 0, **fields: object) -> Replica:
    return tiny_replica(seed, ticket="rewound", parent_steps=30, **fields)


def test_the_largest_weights_of_all_matrices_together_are_kept() -> None:
    parents = {
        "small": torch.tensor([[[0.1, -0.2], [0.3, 0.05]]] * 2),
        "large": torch.tensor([[[-5.0, 0.25]]] * 2),
        "bias": torch.zeros(2, 2),
    }
    half, most = (
        {name: mask[row].tolist() for name, mask in magnitude_masks(parents, [0.5, 5 / 6]).items()} for row in (0, 1)
    )
    assert half == {"small": [[0.0, 0.0], [1.0, 0.0]], "large": [[1.0, 1.0]]}
    assert most == {"small": [[0.0, 0.0], [0.0, 0.0]], "large": [[1.0, 0.0]]}


@pytest.mark.parametrize("kind", KINDS)
def test_pruned_weights_start_at_zero_and_stay_there(kind: str) -> None:
    replica = tiny_replica(ticket=kind, parent_steps=30, pruned=0.7)
    assert replica.parent
    parent = trained(replica)
    pack = Pack([replica], parents={replica.parent.id: parent})
    masks = pack.parts.interventions[-1].masks
    total = sum(mask[0].numel() for mask in masks.values())
    assert sum(int(mask[0].sum()) for mask in masks.values()) == total - int(0.7 * total)
    start = {name: value[0].detach().clone() for name, value in pack.params.items()}
    own = {name: value[0] for name, value in pack.parts.model.init([generator(0, "init")]).items()}
    for name, mask in masks.items():
        same = torch.equal(start[name], own[name] * mask[0])
        assert same == (kind in ("rewound", "random")) and not start[name][mask[0] == 0].any()
    loop.advance(pack, last_step=20)
    for name, mask in masks.items():
        assert not pack.params[name][0][mask[0] == 0].any() and pack.params[name][0][mask[0] == 1].any()


def test_a_random_mask_keeps_as_many_of_each_tensor_at_other_places() -> None:
    one, other = tiny_replica(ticket="rewound", parent_steps=30), tiny_replica(ticket="random", parent_steps=30)
    assert one.parent and other.parent and one.parent.id == other.parent.id
    parent = {one.parent.id: trained(one)}
    masks = [Pack([each], parents=parent).parts.interventions[-1].masks for each in (one, other)]
    for name in masks[0]:
        assert masks[0][name].sum() == masks[1][name].sum()
    assert any(not torch.equal(masks[0][name], masks[1][name]) for name in masks[0])


def test_gradients_of_pruned_weights_do_not_count_in_clipping() -> None:
    replica = ticket(pruned=0.9, clip_norm=0.5)
    assert replica.parent
    pack = Pack([replica], parents={replica.parent.id: trained(replica)})
    grads, _ = pack.backward()
    before = {name: value.clone() for name, value in grads.items()}
    pack.update(grads)
    masks = pack.parts.interventions[-1].masks
    for name, mask in masks.items():
        assert torch.equal(grads[name], before[name] * mask)
        assert not pack.optimizer_state[f"second.{name}"][0][mask[0] == 0].any()


def test_a_ticket_trains_the_same_in_every_pack_and_when_it_resumes() -> None:
    replicas = [ticket(seed, pruned=0.3 + 0.2 * seed) for seed in range(3)]
    parents = {each.parent.id: trained(each) for each in replicas if each.parent}
    whole, alone = Pack(replicas, parents=parents), Pack(replicas[2:], parents=parents)
    loop.advance(whole, last_step=30)
    loop.advance(alone, last_step=30, steps=10)
    again = Pack(replicas[2:], snapshots=[alone.snapshot(0)], parents=parents)
    loop.advance(again, last_step=30)
    assert again.curves[0].rows == whole.curves[2].rows


def test_tickets_and_teachers_have_the_same_whole_parent_without_a_prior() -> None:
    child = ticket(prior="oracle", kl_strength=1.0, pruned=0.8)
    taught = tiny_replica(prior="teacher", kl_strength=0.3, parent_steps=30)
    assert child.parent and taught.parent and child.parent.id == taught.parent.id
    assert (child.parent.config["ticket"], child.parent.config["prior"]) == ("none", "none")
    assert child.parent.parent is None


def test_a_ticket_without_its_parent_is_refused() -> None:
    with pytest.raises(ValueError, match="needs its parent"):
        Pack([ticket()])
