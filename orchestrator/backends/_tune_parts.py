"""The two things that Tune calls back into: a queue of packs and a watcher. Imported only once Ray is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ray import tune
from ray.tune.search import Searcher

from orchestrator.backends._job import Observer


class PackQueue(Searcher):
    """Hands out packs in the order of the plan, longest first; keeps no state, a launch is planned from the results."""

    def __init__(self, packs: Sequence[str]) -> None:
        super().__init__(metric="step", mode="max")
        self.waiting = list(packs)

    def suggest(self, trial_id: str) -> Any:
        """Return the next pack's config, or FINISHED."""
        return {"pack": self.waiting.pop(0)} if self.waiting else str(Searcher.FINISHED)

    def on_trial_complete(self, trial_id: str, result: Mapping[str, Any] | None = None, error: bool = False) -> None:
        """Keep nothing: what ended stands in the results."""

    def save(self, checkpoint_path: str) -> None:
        """Keep nothing."""

    def restore(self, checkpoint_path: str) -> None:
        """Keep nothing."""


class Watch(tune.Callback):
    """Passes every chunk's facts on to whoever watches the launch; the watcher stays out of Tune's snapshots."""

    def __init__(self, observe: Observer) -> None:
        self.observe = observe

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: Mapping[str, Any], **info: Any
    ) -> None:
        """Tell the watcher."""
        self.observe(result)

    def __getstate__(self) -> dict[str, Any]:
        return {}


def pack_name(trial: Any) -> str:
    """Return the pack id as the name of its trial."""
    return str(trial.config["pack"])
