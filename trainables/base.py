"""A pack as a Ray Trainable: one trial trains one pack; the only Ray import of this package.

PyTorch is loaded where a pack is trained, so a driver that only hands packs out starts without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ray.tune import Trainable

from trainables.replica import PackSpec
from trainables.store import Pace, Store


class PackTrainable(Trainable):
    """Trains the pack of ``config``: its id and its replicas; ``step`` is a chunk of seconds, not an optimizer step.

    Tune keeps nothing: rows and checkpoints are per replica and lie in the results.
    """

    def setup(  # type: ignore[override]  # Ray hands in the rest by with_parameters
        self,
        config: dict[str, Any],
        budget_steps: int,
        results: Store,
        device: str = "cpu",
        provenance: str = "{}",
        pace: Pace | None = None,
    ) -> None:
        """Take the first pack of this process."""
        import torch

        from trainables import loop

        self._budget_steps, self._results = budget_steps, results
        self._facts: dict[str, Any] = {"device": device, "provenance": provenance, "pace": pace}
        torch.set_num_threads(1)
        loop.keep_freed_memory()
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take another pack in the same process."""
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Train one chunk and return where the pack stands."""
        return self._run.chunk()

    def cleanup(self) -> None:
        """Save what is unfinished: Ray calls this after the running chunk, also when the sweep is interrupted."""
        self._run.stop()

    def save_checkpoint(self, checkpoint_dir: str) -> dict[str, Any] | None:
        """Keep nothing with Tune."""
        return None

    def load_checkpoint(self, checkpoint: dict[str, Any] | None) -> None:
        """Load nothing from Tune."""

    def _begin(self, config: Mapping[str, Any]) -> None:
        from trainables.run import PackRun

        spec = PackSpec(id=config["pack"], replicas=tuple(config["replicas"]), budget_steps=self._budget_steps)
        self._run = PackRun(spec, self._results, **self._facts)


def trainable_for(family: type) -> type[PackTrainable]:
    """Return the Trainable class with a family's name, which is what Ray shows."""
    return type(family.__name__, (PackTrainable,), {"__module__": __name__})
