"""The Trainable outside Ray: what it saves when a chunk is broken off, and what the next launch makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny import tiny_replica

from orchestrator.storage.results import Results
from trainables.base import PackTrainable
from trainables.pack import Pack
from trainables.store import Pace


class Alone(PackTrainable):
    """The Trainable with its arguments given directly and no folder in the user's home."""

    def setup(self, config: dict[str, Any]) -> None:  # type: ignore[override]
        super().setup(config, budget_steps=100, results=config["results"], pace=Pace(chunk_s=config["chunk_s"]))

    def _setup_logdir(self) -> None:
        self._logdir = None


def alone(storage: Path, *, chunk_s: float = 1e9) -> Alone:
    config = {"pack": "pack", "replicas": (tiny_replica(0), tiny_replica(1)), "chunk_s": chunk_s}
    return Alone(config={**config, "results": Results.at(str(storage))})


def test_a_chunk_that_is_broken_off_is_not_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    update = Pack.update

    def interrupted(pack: Pack, grads: Any) -> None:
        update(pack, grads)
        if pack.step == 35:
            raise KeyboardInterrupt

    monkeypatch.setattr(Pack, "update", interrupted)
    trainable = alone(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trainable.train()
    trainable.stop()
    assert trainable.config["results"].checkpoint_steps(tiny_replica(0).id) == []


def test_a_stop_between_chunks_saves_every_unfinished_replica(tmp_path: Path) -> None:
    trainable = alone(tmp_path, chunk_s=1e-9)
    step = trainable.train()["step"]
    trainable.stop()
    results = trainable.config["results"]
    assert step == 1
    assert [results.checkpoint_steps(tiny_replica(seed).id) for seed in (0, 1)] == [[1], [1]]


def test_a_pack_that_ends_publishes_rows_and_keeps_censored_checkpoints(tmp_path: Path) -> None:
    trainable = alone(tmp_path)
    facts = trainable.train()
    results = trainable.config["results"]
    assert facts["done"] and facts["budget"] == 2
    assert set(results.replicas()["steps"]) == {100}
    assert results.checkpoint_steps(tiny_replica(0).id) == [100]
