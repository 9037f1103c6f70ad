"""Run a plan in this process, pack after pack, through the very Trainable that Ray runs; breakpoints work."""

from __future__ import annotations

import tempfile
from typing import Any

from orchestrator.backends._job import Job


def run(job: Job) -> bool:
    """Train all packs in turn; return False when interrupted. Unfinished replicas are checkpointed on the way out."""
    from trainables.base import trainable_for
    from trainables.replica import family_named

    arguments = job.arguments()
    with tempfile.TemporaryDirectory() as folder:

        class Alone(trainable_for(family_named(job.plan.experiment.family))):  # type: ignore[misc]
            """The family's Trainable outside Ray: handed its arguments, and without a folder in the user's home."""

            def setup(self, config: dict[str, Any]) -> None:
                super().setup(config, **arguments)

            def _setup_logdir(self) -> None:
                self._logdir = folder

        for pack in job.plan.packs:
            trainable = Alone(config={"pack": pack.id})
            try:
                while not (facts := trainable.train())["done"]:
                    job.observe(facts)
                job.observe(facts)
            except KeyboardInterrupt:
                return False
            finally:
                trainable.stop()
    return True
