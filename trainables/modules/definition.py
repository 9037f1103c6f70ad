"""What a user says about a network, checked (standard library only)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trainables.family import again
from trainables.fields.batches import Batches
from trainables.fields.learning_rate_schedule import LearningRateSchedule
from trainables.fields.loss import Loss
from trainables.user_code import UserFile

Function = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Training(LearningRateSchedule, Batches):
    """How a user's network is trained; the defaults are those of ``torch.optim.AdamW``."""

    weight_decay: float = again(LearningRateSchedule, "weight_decay", 0.01)
    clip_norm: float | None = again(LearningRateSchedule, "clip_norm", None)
    warmup_steps: int = again(LearningRateSchedule, "warmup_steps", 0)


@dataclass(frozen=True, kw_only=True)
class TrainingByName(Loss, Training):
    """The same, with a loss that is found by its name."""


@dataclass(frozen=True, eq=False)
class Definition:
    """What ``from_module`` was given, and the file in which it was called.

    ``fields``: the constructor arguments that are Config fields; ``fixed``: those that are not.
    """

    module: Function
    label: str
    data: Any
    loss: str | Function
    metric: str | Function
    train_fraction: float | None
    fields: tuple[str, ...]
    fixed: Mapping[str, Any]
    file: UserFile

    def arguments(self, config: Any) -> dict[str, Any]:
        """Return the constructor arguments at a point."""
        return {**self.fixed, **{name: getattr(config, name) for name in self.fields}}

    def made(self, config: Any) -> Any:
        """Return a new module at a point, with weights from the generators of this process."""
        return self.module(**self.arguments(config))
