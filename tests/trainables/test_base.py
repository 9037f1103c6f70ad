"""The Trainable outside Ray: what it saves when a chunk is broken off, and what the next launch makes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny import tiny_replica

from orchestrator.results import Results
from trainables import loop
from trainables.base import PackTrainable
from trainables.pack import Pack
from trainables.replica import PackSpec


class Alone(PackTrainable):
    """The Trainable with its arguments given directly and no folder in the user's home."""

    def setup(self, config: dict[str, Any]) -> None:  # type: ignore[override]
        super().setup(config, packs=config["packs"], results=config["results"], chunk_s=1e9)

    def _setup_logdir(self) -> None:
        self._logdir = None


@pytest.fixture
def trainable(tmp_path: Path) -> Alone:
    spec = PackSpec(id="pack", replicas=(tiny_replica(0), tiny_replica(1)), budget_steps=100)
    return Alone(config={"pack": "pack", "packs": {"pack": spec}, "results": Results.at(str(tmp_path))})


def test_a_chunk_that_is_broken_off_is_not_saved(trainable: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    update = Pack.update

    def interrupted(pack: Pack, grads: Any) -> None:
        update(pack, grads)
        if pack.step == 35:
            raise KeyboardInterrupt

    monkeypatch.setattr(Pack, "update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trainable.train()
    trainable.stop()
    assert trainable.config["results"].checkpoint_steps(tiny_replica(0).id) == []


def test_a_stop_between_chunks_saves_every_unfinished_replica(trainable: Alone) -> None:
    loop.advance(trainable._pack, last_step=100, steps=35)
    trainable.stop()
    results = trainable.config["results"]
    assert [results.checkpoint_steps(tiny_replica(seed).id) for seed in (0, 1)] == [[35], [35]]


def test_a_pack_that_ends_publishes_rows_and_keeps_censored_checkpoints(trainable: Alone) -> None:
    facts = trainable.train()
    results = trainable.config["results"]
    assert facts["done"] and facts["budget"] == 2
    assert set(results.replicas()["steps"]) == {100}
    assert results.checkpoint_steps(tiny_replica(0).id) == [100]
