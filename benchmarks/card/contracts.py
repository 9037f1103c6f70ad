"""Does a device compute what a CPU computes? A few steps of small packs, wired in many ways.

Float64 shows whether the arithmetic is the same, float32 and bfloat16 how far rounding takes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from card.clock import FAULTS, Clock, told
from card.networks import SINGLY, replicas_of
from trainables import loop
from trainables.pack import Pack
from trainables.replica import Replica

STEPS, ROWS, MODULUS = 6, 4, 23
SMALL = {"width": 32, "train_fraction": 0.5, "learning_rate": 1e-3}
LINES: dict[str, dict[str, Any]] = {
    "one head, oracle's prior, AdamW": {},
    "4 heads": {"heads": 4},
    "moving routing": {"routing": "moving"},
    "parity, loss on every token": {"task": "parity", "bits": 8, "examples": 200, "loss_on": "all"},
    "multiplication": {"task": "multiplication"},
    "linear ReLU, residual, layer norm": {"attention": "linear_relu", "residual": True, "layer_norm": True},
    "fixed attention": {"attention": "oracle"},
    "sinusoids, longer tests": {"position_table": "sinusoidal", "positions": 6, "longest": 12},
    "entropy prior, annealed": {"prior": "entropy", "schedule": "annealed", "schedule_steps": 4},
    "adversarial prior, late": {"prior": "adversarial", "schedule": "late", "schedule_steps": 3},
    "teacher's prior": {"prior": "teacher", "parent_steps": 10},
    "ticket": {"ticket": "rewound", "parent_steps": 10},
    "held norm, query-key penalty": {"mlp_norm": 3.0, "query_key_penalty": 0.5},
    "mini-batches": {"batch_size": 64},
    "SGD": {"optimizer": "sgd"},
    "Muon": {"optimizer": "muon"},
    "Lion": {"optimizer": "lion"},
}
PARTS = ("loss", "gradients", "parameters")
BOUNDS = {  # largest relative difference allowed in each of PARTS
    "float64": (1e-9, 1e-9, 1e-9),
    "float64, graphs": (1e-9, 1e-9, 1e-9),
    "float32": (1e-5, 2e-2, 1e-3),  # up to 1e-7, 6e-3 (a ReLU flips) and 9e-5 from float64 on one CPU
    "bf16-mlp": (1e-3, 0.25, 0.2),  # the same: 8e-6, 0.11 and 0.08
}
CURVE_BOUND = 1e-6
LEAST_SHARE = 1e-3  # of the norm over all tensors: what is smaller is compared with that


@dataclass
class Trained:
    """Losses (R,), gradients and parameters after each step, on the CPU in float64."""

    losses: list[Tensor]
    gradients: list[dict[str, Tensor]]
    parameters: list[dict[str, Tensor]]


def rows(device: str, smoke: bool, clock: Clock) -> Iterator[dict[str, Any]]:
    """Yield a line per wiring and number format, then one on curves and one on waiting."""
    torch.set_float32_matmul_precision("highest")
    lines = dict(list(LINES.items())[:3]) if smoke else LINES
    for name, fields in lines.items():
        for kind in BOUNDS:
            if kind == "bf16-mlp" and fields:
                continue
            if clock.left() < 0:
                yield {"name": name, "format": kind, "verdict": "skipped: no time left"}
                continue
            try:
                yield {"name": name, "format": kind, **_line(fields, kind, device)}
            except FAULTS as fault:
                yield {"name": name, "format": kind, "verdict": "failed", "fault": told(fault)}
    for name, check in (("curves, with an eviction", _curves), ("nothing is read back in a chunk", _waits)):
        try:
            yield {"name": name, "format": "float64, graphs" if check is _curves else "float32", **check(device)}
        except FAULTS as fault:
            yield {"name": name, "format": "", "verdict": "failed", "fault": told(fault)}


def _line(fields: Mapping[str, Any], kind: str, device: str) -> dict[str, Any]:
    graphs = kind.endswith("graphs") and device != "cpu"
    there, here = (_trained(fields, kind, place, graphs and place != "cpu") for place in (device, "cpu"))
    found = {
        "loss": max(
            float(((one - two).abs() / two.abs()).max()) for one, two in zip(there.losses, here.losses, strict=True)
        ),
        "gradients": max(map(_apart, there.gradients, here.gradients)),
        "parameters": max(map(_apart, there.parameters, here.parameters)),
    }
    held = all(found[part] <= bound for part, bound in zip(PARTS, BOUNDS[kind], strict=True))
    return {
        **found,
        "bounds": ", ".join(f"{bound:g}" for bound in BOUNDS[kind]),
        "verdict": "passed" if held else "failed",
    }


def _trained(fields: Mapping[str, Any], kind: str, device: str, graphs: bool) -> Trained:
    double = kind.startswith("float64")
    pack = _pack(fields, "bf16-mlp" if kind == "bf16-mlp" else "fp32", device, double=double)
    if double:
        _doubled(pack)
    if graphs:
        pack.capture()
        if pack.sent_singly:
            raise RuntimeError(f"no graphs: {pack.sent_singly}")
    made = Trained([], [], [])
    for _ in range(STEPS):
        split = pack.split()
        with torch.no_grad():
            loss, *_ = pack.parts.model.loss(pack.params, split.tokens, split.targets)
        grads, _ = pack.backward()
        made.losses.append(loss.double().cpu())
        made.gradients.append(_kept(grads))
        pack.update(grads)
        made.parameters.append(_kept(pack.params))
    return made


def _pack(fields: Mapping[str, Any], precision: str, device: str, *, double: bool = False) -> Pack:
    replicas = replicas_of(ROWS, MODULUS, precision=precision, **{**SMALL, **fields})
    return Pack(replicas, device=device, parents=_parents(replicas, double))


def _parents(replicas: list[Replica], double: bool) -> dict[str, dict[str, Tensor]]:
    """Return the parameters of all parents, in float64 where what is made of them when a pack is built has to be."""
    found = {}
    for parent in (each.parent for each in replicas):
        if parent and parent.id not in found:
            pack = Pack([parent])
            loop.advance(pack, last_step=10)
            params = pack.snapshot(0).params
            found[parent.id] = {name: value.double() for name, value in params.items()} if double else params
    return found


def _doubled(pack: Pack) -> None:
    pack.params = {name: value.double() for name, value in pack.params.items()}
    pack.optimizer_state = {name: value.double() for name, value in pack.optimizer_state.items()}


def _kept(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().to("cpu", torch.float64, copy=True) for name, value in tensors.items()}


def _apart(one: Mapping[str, Tensor], two: Mapping[str, Tensor]) -> float:
    """Return the largest relative difference of a tensor of a network: ‖a - b‖ over ‖b‖, or a share of all norms."""
    norms = {name: value.flatten(1).norm(dim=1) for name, value in two.items()}
    whole = torch.stack(list(norms.values())).norm(dim=0)
    ratios = [
        (one[name] - value).flatten(1).norm(dim=1) / norms[name].maximum(LEAST_SHARE * whole)
        for name, value in two.items()
    ]
    return float(torch.stack(ratios).nan_to_num(nan=float("inf")).max())


def _curves(device: str) -> dict[str, Any]:
    """Compare the recorded curves of a pack that loses a network on the way: graphs against single operations."""
    packs = [_pack({}, "fp32", device) for _ in range(2)]
    packs[1].sent_singly = SINGLY
    for pack in packs:
        _doubled(pack)
        loop.advance(pack, last_step=200, steps=30)
        pack.keep([0, 2, 3])
        loop.advance(pack, last_step=60)
    if device != "cpu" and packs[0].sent_singly:
        raise RuntimeError(f"no graphs: {packs[0].sent_singly}")
    one, two = (torch.tensor([curve.rows for curve in pack.curves], dtype=torch.float64) for pack in packs)
    apart = float(((one - two).abs() / two.abs().clamp(min=LEAST_SHARE)).max())
    return {"curves": apart, "bounds": f"{CURVE_BOUND:g}", "verdict": "passed" if apart <= CURVE_BOUND else "failed"}


def _waits(device: str) -> dict[str, Any]:
    """Step, evaluate and update where every operation that waits for the device raises."""
    if device == "cpu":
        return {"verdict": "passed", "fault": "a CPU waits for nothing"}
    for fields in ({}, {"batch_size": 64}):
        for reason in (SINGLY, ""):
            pack = _pack(fields, "fp32", device)
            pack.sent_singly = reason
            loop.advance(pack, last_step=100, steps=3)
            _without_waiting(pack)
    return {"verdict": "passed"}


def _without_waiting(pack: Pack) -> None:
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(STEPS):
            grads, view = pack.backward()
            pack.record(view)
            pack.update(grads)
    finally:
        torch.cuda.set_sync_debug_mode("default")
