"""A store in which packs wait for each other; in a module of its own, handed to Ray's workers by value."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.storage.results import Results

PATIENCE_S = 120


@dataclass
class Crowd(Results):
    """Results whose packs wait at their first report until so many run that no GPU has a share left, and count them."""

    wanted: int = 0

    def progress(self, pack: str, facts: Mapping[str, Any] | None) -> None:
        import ray

        here, counts = self.root / "here", self.root / "counts"
        mine = here / f"{ray.get_runtime_context().get_node_id()}.{pack}"
        if facts is None:
            mine.unlink(missing_ok=True)
        elif not mine.exists():
            mine.touch()
            deadline = time.monotonic() + PATIENCE_S
            while not (counts / "first").exists() and not self._full(here):
                assert time.monotonic() < deadline, f"{len(list(here.iterdir()))} packs at once, not {self.wanted}"
                time.sleep(0.05)  # a rendezvous of processes: each looks until the last has come
            (counts / "first").touch()
            per_node = Counter(file.name.split(".")[0] for file in here.iterdir())
            (counts / pack).write_text(json.dumps(per_node))
        super().progress(pack, facts)

    def _full(self, here: Path) -> bool:
        import ray

        free = ray.available_resources().get("GPU", 0.0)
        return len(list(here.iterdir())) == self.wanted and free == 0
