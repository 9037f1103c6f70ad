"""The live display of a launch: one line that is rewritten on a terminal, and a line now and then elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from orchestrator.masking import masked
from orchestrator.plan import Plan

LINE_EVERY_S = 15.0
RATE_OVER_S = 20.0


class Progress:
    """Adds up what the packs report.

    The time left is that of the replica-steps that pilots lead one to expect, at the rate of the last seconds.
    """

    def __init__(self, plan: Plan, *, silent: bool = False) -> None:
        self._plan, self._silent = plan, silent
        self._packs: dict[str, Mapping[str, Any]] = {}
        self._steps: list[tuple[float, int]] = []
        self._expected = plan.expected_steps
        self._out: TextIO = (
            os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors)
            if not silent
            else sys.stdout
        )
        self._error: TextIO = os.fdopen(os.dup(2), "w", encoding=sys.stderr.encoding, errors=sys.stderr.errors)
        self._live = not silent and self._out.isatty()
        self._printed_at = -LINE_EVERY_S

    def observe(self, facts: Mapping[str, Any], notes: Sequence[str] = ()) -> None:
        """Take in one chunk of one pack; lines that say what went wrong are printed at once, above the display."""
        self._take_in(facts)
        if notes:
            if self._live:
                print("\r\x1b[2K", end="", file=self._out, flush=True)
            for line in notes:
                print(masked(line), file=self._error, flush=True)
        if self._silent:
            return
        if self._live:
            print(f"\r\x1b[2K{self.line()}", end="", file=self._out, flush=True)
        elif time.monotonic() - self._printed_at >= LINE_EVERY_S:
            self._printed_at = time.monotonic()
            print(self.line(), file=self._out, flush=True)

    def close(self) -> None:
        """End the display, leaving its last state on the screen."""
        if not self._silent and self._packs:
            print(f"\r\x1b[2K{self.line()}" if self._live else self.line(), file=self._out, flush=True)
        self._error.close()
        if not self._silent:
            self._out.close()

    def line(self) -> str:
        """Return the state in one line."""
        total = {key: sum(facts[key] for facts in self._packs.values()) for key in ("observed", "budget", "diverged")}
        done = self._plan.done + sum(total.values())
        training = sum(facts["training"] for facts in self._packs.values())
        words = [f"{done}/{self._plan.wanted} done ({total['budget']} censored)", f"{training} training"]
        if total["diverged"]:
            words.append(f"{total['diverged']} diverged")
        rate = self._rate()
        words.append(f"{rate:.0f} replica-steps/s")
        if rate and training:
            left = max(self._expected - self._steps[-1][1], 0) / rate
            words.append(f"about {_duration(left)} left")
        return f"{self._plan.experiment.name}  " + " · ".join(words)

    def _take_in(self, facts: Mapping[str, Any]) -> None:
        self._packs[facts["pack"]] = facts
        if not self._steps:
            self._steps.append((time.monotonic() - facts["chunk_s"], 0))  # starting up is not training
        self._steps.append((time.monotonic(), self._steps[-1][1] + facts["replica_steps"]))

    def _rate(self) -> float:
        now, steps = self._steps[-1]
        recent = [(at, made) for at, made in self._steps if now - at <= RATE_OVER_S]
        first_at, first_steps = recent[0] if len(recent) > 1 else self._steps[-2]
        return (steps - first_steps) / max(now - first_at, 1e-9)


def _duration(seconds: float) -> str:
    """Return a duration in words.

    >>> _duration(42), _duration(130), _duration(7300)
    ('42 s', '2 min 10 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
