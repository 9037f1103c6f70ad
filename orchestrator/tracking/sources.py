"""When a replica was trained, by which code and by whom, in MLflow's words."""

from __future__ import annotations

import getpass
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from orchestrator.storage.provenance import provenance

if TYPE_CHECKING:
    from orchestrator.study.study import Study


@dataclass(frozen=True)
class Span:
    """A start and an end, in milliseconds since 1970."""

    start_ms: int
    end_ms: int

    def at(self, step: int, last: int) -> int:
        """Return when a step was made if all took equally long: the same at every call.

        >>> Span(1000, 2000).at(25, 100)
        1250
        """
        return self.start_ms + (self.end_ms - self.start_ms) * step // max(last, 1)


def spans_of(rows: pl.DataFrame) -> dict[str, Span]:
    """Return when each replica was trained; those whose rows do not say so are left out."""
    found = {}
    for name, text in rows.select("id", "provenance").iter_rows():
        facts = _facts(text)
        start, end = _ms(facts.get("started_at")), _ms(facts.get("ended_at"))
        if start is not None and end is not None and start <= end:
            found[name] = Span(start, end)
    return found


def span_of(rows: pl.DataFrame) -> Span:
    """Return the time from the first start to the last end; this moment if no row says so."""
    spans = spans_of(rows).values()
    now = int(time.time() * 1000)
    starts, ends = [each.start_ms for each in spans], [each.end_ms for each in spans]
    return Span(min(starts, default=now), max(ends, default=now))


def source_of(study: Study, row: Mapping[str, Any] | None) -> dict[str, str]:
    """Return what MLflow shows as source and git commit, for a row or for this process."""
    facts = _facts(row["provenance"]) if row is not None else provenance()
    commit = re.match(r"[0-9a-f]{7,40}(?=$|\+)", str(facts.get("commit", "")))
    words = {"mlflow.source.name": f"orchestrator launch {study.options.name} --scale {study.scale}"}
    found = {**words, "mlflow.source.type": "LOCAL"}
    return {**found, "mlflow.source.git.commit": commit[0]} if commit else found


@cache
def user() -> dict[str, str]:
    """Return who mirrors, as a tag; nothing if the system has no name for the user."""
    try:
        return {"mlflow.user": getpass.getuser()}
    except (OSError, KeyError, ImportError):
        return {}


def _facts(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _ms(text: object) -> int | None:
    try:
        return int(datetime.fromisoformat(str(text)).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None
