"""Run a plan in this process, pack after pack, through the same Trainable that Ray runs; breakpoints work."""

from __future__ import annotations

import tempfile
import traceback
from types import TracebackType
from typing import Any

from orchestrator.backends._job import Job
from orchestrator.backends._packs import Packs


def run(job: Job) -> bool:
    """Train all packs in turn; return False when interrupted.

    A first SIGINT or SIGTERM lets the running chunk end and saves; a second one breaks off at once.
    """
    with job.terminal.held("loading PyTorch", "as soon as PyTorch is loaded"):
        import trainables.run  # noqa: F401  (what the Trainable loads later)
        from trainables.base import trainable_for
    from trainables.replica import family_named

    arguments, packs = job.arguments(), Packs(job)
    with tempfile.TemporaryDirectory() as folder:

        class Alone(trainable_for(family_named(job.plan.experiment.family))):  # type: ignore[misc]
            """The family's Trainable outside Ray: handed its arguments, and without a folder in the user's home."""

            def setup(self, config: dict[str, Any]) -> None:
                super().setup(config, **arguments)

            def _setup_logdir(self) -> None:
                self._logdir = folder

        with job.training(lambda: None):
            while not job.terminal.stopped and (config := packs.next()):
                with _Isolated(packs, config["pack"]):
                    _train(Alone(config=config), job, packs)
                    packs.ended(config["pack"])
    return not job.terminal.stopped


def _train(trainable: Any, job: Job, packs: Packs) -> None:
    try:
        done = False
        while not done and not job.terminal.stopped:
            facts = trainable.train()
            job.observe(packs.told(facts))
            done = facts["done"]
    finally:
        trainable.stop()


class _Isolated:
    """Stops a pack's fault, as the border of an actor does in Ray: it fails the pack, not the launch."""

    def __init__(self, packs: Packs, pack: str) -> None:
        self._packs, self._pack = packs, pack

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type | None, fault: BaseException | None, trace: TracebackType | None) -> bool:
        if not isinstance(fault, Exception):
            return False
        self._packs.failed(self._pack, "".join(traceback.format_exception(fault)))
        return True
