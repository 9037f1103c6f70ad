"""The two things that Tune calls back into: a queue of packs and a watcher. Imported only once Ray is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.search import Searcher

from orchestrator.backends._job import Observer
from orchestrator.backends._packs import Packs


class PackQueue(Searcher):
    """Hands Tune one pack after the other; none of it goes into Tune's snapshots."""

    def __init__(self, packs: Packs) -> None:
        super().__init__(metric="step", mode="max")
        self._packs = packs
        self._names: dict[str, str] = {}

    def suggest(self, trial_id: str) -> Any:
        """Return the next pack's config; None while a running pack may yet fail and come back; FINISHED at the end."""
        if self._packs.over:
            return Searcher.FINISHED
        if config := self._packs.next():
            self._names[trial_id] = config["pack"]
        return config

    def on_trial_complete(self, trial_id: str, result: Mapping[str, Any] | None = None, error: bool = False) -> None:
        """Note that a pack has ended; a failed one is left to the watcher, which gets its traceback."""
        if not error:
            self._packs.ended(self._names[trial_id])

    def save(self, checkpoint_path: str) -> None:
        """Keep nothing."""

    def restore(self, checkpoint_path: str) -> None:
        """Keep nothing."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class Watch(tune.Callback):
    """Passes on every chunk's facts and every failure; what it passes them to stays out of Tune's snapshots."""

    def __init__(self, observe: Observer, packs: Packs, again: Callable[[], None]) -> None:
        self._observe, self._packs, self._again = observe, packs, again

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Pass on again what was asked before Tune listened to signals."""
        self._again()

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: Mapping[str, Any], **info: Any
    ) -> None:
        """Tell the watcher."""
        self._observe(self._packs.told(result))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Hand back a failed pack with the traceback of its worker, or with how the worker died."""
        file = trial.error_file  # on the driver's own disk; Tune copies it to its storage later
        self._packs.failed(trial.config["pack"], Path(file).read_text(encoding="utf-8") if file else "")

    def __getstate__(self) -> dict[str, Any]:
        return {}


def pack_name(trial: Any) -> str:
    """Return the pack id as the name of its trial."""
    return str(trial.config["pack"])
