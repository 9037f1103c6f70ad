"""Made-up rows and curves of replicas, for tests of what is stored and read."""

from __future__ import annotations

from typing import Any

from analysis import criteria, table


def row(name: str = "a", steps: int = 100, status: str = "budget") -> dict[str, Any]:
    event = {
        "name": criteria.GROKKED,
        "threshold": 0.99,
        "lower": steps,
        "upper": None,
        "sustained_lower": steps,
        "sustained_upper": None,
        "relapses": 0,
    }
    return {
        "id": name,
        "family": "kl_prior",
        "version": 1,
        "config": '{"kl_strength": 0.1}',
        "data_seed": 0,
        "init_seed": 0,
        "status": status,
        "steps": steps,
        "events": [event],
        "provenance": "{}",
        "schema": table.SCHEMA_VERSION,
    }


def points(name: str = "a", steps: tuple[int, ...] = (0, 10)) -> dict[str, list[Any]]:
    return {"id": [name] * len(steps), "step": list(steps), "probe": ["loss"] * len(steps), "value": [1.0] * len(steps)}
