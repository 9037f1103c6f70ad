"""A pack: replicas with equal shared fields that train together along a leading axis R.

A replica's numbers are the same to the last bit in every pack, which the tests hold at the shapes of the laptop scale.
For that a pack never has fewer than two rows: matrix products over one row may round differently, so a single replica
trains beside a ghost, a copy of itself that is never recorded.

Limits: the matrix library is free to round small products by where their rows lie in memory; seen for 61 examples, not
for 60, 1,795 or 2,694. There, replicas of different packs can differ in the last bit.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from trainables.family import Parts
from trainables.graph import CudaRecorder, Recorder, StepGraphs
from trainables.randomness import generator
from trainables.replica import Replica, family_named
from trainables.tasks._splits import Split
from trainables.view import Pass, View

SMALLEST_ROWS = 2
CHECKPOINT_FORMAT = b"grokking-laws checkpoint 1\n"
DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass
class Curve:
    """What was recorded of one replica: one row of values per evaluation step."""

    columns: list[str] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)

    def column(self, name: str) -> list[float]:
        """Return the values of one probe column over the steps."""
        index = self.columns.index(name)
        return [row[index] for row in self.rows]

    def named(self) -> dict[str, list[float]]:
        """Return all columns by name."""
        return {name: self.column(name) for name in self.columns}

    def cut(self, index: int) -> Curve:
        """Return the curve up to and including an evaluation."""
        return Curve(self.columns, self.steps[: index + 1], self.rows[: index + 1])


@dataclass
class Snapshot:
    """Everything one replica needs to go on: weights, optimizer state, step, the curve so far, and the model's buffers,
    if it has any."""

    step: int
    params: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    curve: Curve
    buffers: dict[str, Tensor] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return the content of a checkpoint file: a line that names the format, a SHA-256 digest, and the state."""
        buffer = io.BytesIO()
        torch.save({**vars(self), "curve": vars(self.curve)}, buffer)
        state = buffer.getvalue()
        return CHECKPOINT_FORMAT + hashlib.sha256(state).digest() + state

    @classmethod
    def from_bytes(cls, content: bytes) -> Snapshot:
        """Read a checkpoint file without unpickling code.

        Raises: ValueError when it is torn or altered, of another format, or not a checkpoint at all.
        """
        name, version = CHECKPOINT_FORMAT.rsplit(b" ", 1)
        if not content.startswith(CHECKPOINT_FORMAT):
            newer = content.startswith(name) and b"\n" in content[:80]
            line = content[:80].split(b"\n")[0].decode(errors="replace")
            raise ValueError(f"format {line!r}, this version reads {version.strip().decode()}" if newer else "foreign")
        start = len(CHECKPOINT_FORMAT)
        digest, state = content[start : start + DIGEST_BYTES], content[start + DIGEST_BYTES :]
        if hashlib.sha256(state).digest() != digest:
            raise ValueError("torn or altered")
        try:
            facts = torch.load(io.BytesIO(state), weights_only=True)
            return cls(**{**facts, "curve": Curve(**facts["curve"])})
        except pickle.UnpicklingError:
            raise ValueError("it holds more than tensors and numbers") from None
        except (RuntimeError, TypeError, LookupError):
            raise ValueError("it holds no state of a replica") from None


class Pack:
    """Replicas in training. ``params`` and ``optimizer_state`` have a leading axis of rows, one per replica (or ghost).

    A model may keep more of each replica, stacked, in ``buffers``: its ``init`` makes them, the pack moves them.
    All replicas stand at the same ``step``: the number of updates made so far. ``sent_singly`` says why a GPU gets a
    step's operations one by one and not as graphs; empty where it gets graphs, or none was asked for.
    """

    def __init__(
        self,
        replicas: Sequence[Replica],
        *,
        device: str = "cpu",
        snapshots: Sequence[Snapshot] = (),
        parents: Mapping[str, Mapping[str, Tensor]] | None = None,
    ) -> None:
        """Build the pack; ``parents`` holds the parameters that replicas start or learn from, by ``parent_key``.

        Raises: ValueError that names a parent which is not among them.
        """
        self.replicas = list(replicas)
        self._parents = parents or {}
        self.device = device
        self.step = snapshots[0].step if snapshots else 0
        self.curves = [snapshot.curve for snapshot in snapshots] or [Curve() for _ in replicas]
        self._pending: list[tuple[int, list[str], Tensor]] = []
        self.sent_singly = ""
        self._graphs: StepGraphs | None = None
        self.kept: list[tuple[str, Snapshot]] = []
        self._build()
        self._load(snapshots or _initial(self))
        for part in self.parts.interventions if not snapshots else ():
            if hasattr(part, "on_start"):
                part.on_start(self.params)

    @property
    def rows(self) -> list[Replica]:
        """The replicas of the tensor rows, ghost included."""
        return self.replicas * SMALLEST_ROWS if len(self.replicas) < SMALLEST_ROWS else self.replicas

    def backward(self) -> tuple[dict[str, Tensor], View]:
        """Return the gradients that the optimizer is to follow, made by the pack's step, and the view of this step."""
        if self._graphs:
            return self._graphs.backward(self.step)
        grads, made = self.gradients(self.split(), self.step)
        return grads, View(self.params, self.parts.task, self.parts.model, self.parts.loss, made)

    def update(self, grads: Mapping[str, Tensor]) -> None:
        """Take one optimizer step, and let interventions change gradients before it and parameters after it."""
        if self._graphs:
            self._graphs.update(grads)
        else:
            self.descend(grads, self.step)
        self.step += 1

    def record(self, view: View) -> None:
        """Measure all probes at this step; the values stay on the device until ``collect``."""
        self._pending.append((self.step, *(self._graphs.evaluation() if self._graphs else self.measured(view))))

    def capture(self, recorder: Recorder | None = None) -> None:
        """Send steps to a GPU as graphs from here on; a pack that cannot be recorded says why in ``sent_singly``.

        Raises: torch.OutOfMemoryError.
        """
        if self._graphs or self.sent_singly:
            return
        try:
            self._graphs = StepGraphs(self, recorder or CudaRecorder(self.device))
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as fault:
            self.sent_singly = str(fault).split("\n")[0]

    def split(self) -> Split:
        """Return the examples of this step."""
        split: Split = self.parts.batches.at(self.step) if self.parts.batches else self.parts.task.train
        return split

    def gradients(self, split: Split, step: int | Tensor) -> tuple[dict[str, Tensor], Pass | None]:
        """Return the gradient by every parameter, and the pass where it went over the whole train split."""
        found: tuple[dict[str, Tensor], Pass | None] = self.parts.step.gradients(self, split, step)
        return found

    def descend(self, grads: Mapping[str, Tensor], step: int | Tensor) -> None:
        """Change parameters and optimizer state in place; ``step`` counts the updates made before this one."""
        for part in self.parts.interventions:
            if hasattr(part, "on_grads"):
                part.on_grads(grads)
        self.parts.optimizer.step(self.params, grads, self.optimizer_state, step=step)
        for part in self.parts.interventions:
            if hasattr(part, "on_params"):
                part.on_params(self.params)

    def measured(self, view: View) -> tuple[list[str], Tensor]:
        """Return the names of all columns and their values, (R, columns), in float64."""
        columns: dict[str, Tensor] = {}
        with torch.no_grad():
            for probe in self.parts.probes:
                columns.update(probe.measure(view))
            return list(columns), torch.stack([values.double() for values in columns.values()], dim=1)

    def recorded(self) -> bool:
        """Say whether this step has been evaluated already, as it has when a replica resumes at its last evaluation."""
        return bool(self._pending and self._pending[-1][0] == self.step) or self.curves[0].steps[-1:] == [self.step]

    def collect(self) -> None:
        """Move what was measured into the replicas' curves."""
        for step, names, table in self._pending:
            for curve, row in zip(self.curves, table.tolist(), strict=False):
                curve.columns = names
                curve.steps.append(step)
                curve.rows.append(row)
        self._pending.clear()

    def keep(self, indices: Sequence[int]) -> None:
        """Go on with some of the replicas only."""
        kept = [self.snapshot(index) for index in indices]
        self.replicas = [self.replicas[index] for index in indices]
        self.curves = [shot.curve for shot in kept]
        if self.replicas:
            self._build()
            self._load(kept)

    def snapshot(self, index: int) -> Snapshot:
        """Return one replica's state, on the CPU and in memory of its own."""
        state = _row(self.optimizer_state, index)
        buffers = _row(getattr(self.parts.model, "buffers", {}), index)
        return Snapshot(self.step, _row(self.params, index), state, self.curves[index], buffers)

    def keep_step(self) -> None:
        """Put the networks of those replicas into ``kept`` of which this step is to be kept: parameters alone."""
        for index in self._keep_steps.get(self.step, ()):
            buffers = _row(getattr(self.parts.model, "buffers", {}), index)
            shot = Snapshot(self.step, _row(self.params, index), {}, Curve(), buffers)
            self.kept.append((self.replicas[index].id, shot))

    def _build(self) -> None:
        self._graphs = None
        rows = self.rows
        family, recording = family_named(rows[0].family), rows[0].recording
        self._keep_steps: dict[int, list[int]] = {}
        for index, replica in enumerate(self.replicas):
            for step in replica.recording.keep_steps:
                self._keep_steps.setdefault(step, []).append(index)
        members = [row.member(self._parent_of(row)) for row in rows]
        self.parts: Parts = family.build(members, self.device, recording.precision, recording.probes)

    def _parent_of(self, replica: Replica) -> Mapping[str, Tensor] | None:
        if replica.parent is None:
            return None
        if (key := replica.parent_key) not in self._parents:
            raise ValueError(f"replica {replica.id} needs its parent {key}, whose parameters are missing")
        return self._parents[key]

    def _load(self, states: Sequence[Snapshot]) -> None:
        full = [states[index % len(states)] for index in range(len(self.rows))]
        self.params = _stack([state.params for state in full], self.device)
        self.optimizer_state = _stack([state.optimizer for state in full], self.device)
        if full[0].buffers:
            self.parts.model.buffers = _stack([state.buffers for state in full], self.device)


def _initial(pack: Pack) -> list[Snapshot]:
    sources = [generator(replica.init_seed, "init") for replica in pack.replicas]
    model = pack.parts.model
    params = model.init(sources)
    state, buffers = pack.parts.optimizer.init(params), getattr(model, "buffers", {})

    def of(row: int, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {name: value[row] for name, value in tensors.items()}

    return [
        Snapshot(pack.step, of(row, params), of(row, state), curve, of(row, buffers))
        for row, curve in enumerate(pack.curves)
    ]


def _row(tensors: Mapping[str, Tensor], index: int) -> dict[str, Tensor]:
    return {name: tensor[index].detach().to("cpu", copy=True) for name, tensor in tensors.items()}


def _stack(states: Sequence[Mapping[str, Any]], device: str) -> dict[str, Tensor]:
    return {name: torch.stack([state[name] for state in states]).to(device) for name in states[0]}
