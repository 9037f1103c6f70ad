"""How far a launch is: how replicas of each level have ended, what is being trained, how fast, and for how long.

Pure counting; how it is shown is another module's.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from analysis.criteria import Criterion
from orchestrator.study.plan import Plan
from orchestrator.terminal.counts import CENSORED, DIVERGED, GROKKED, PARENTS, TRAINING, Level, duration
from trainables.replica import Replica

RATE_OVER_S = 20.0
SHORT = {"kl_strength": "λ"}
STARTING = "waiting for the first chunk"
Home = tuple[str, str]


class Progress:
    """Adds up what the packs report.

    ``outcomes``: how the replicas that need no training have ended. The time left is that of the replica-steps expected
    from pilots, at the rate of the last seconds.
    """

    def __init__(self, plan: Plan, outcomes: Mapping[str, str] | None = None) -> None:
        self._plan, self._expected = plan, plan.expected_steps
        self._size = plan.experiment.scales[plan.scale]
        missing = {replica.id for replica in plan.missing}
        self._ended = {name: how for name, how in (outcomes or {}).items() if name not in missing}
        self._training: set[str] = set()
        self._parents = {replica.id for replica in plan.parents}
        self._homes: dict[str, Home] = {}
        self._steps: list[tuple[float, int]] = []
        self._levels: list[Level] | None = None
        for replica in (*plan.replicas, *plan.parents):
            self._settle(replica)

    @property
    def began(self) -> bool:
        """Whether a chunk of this launch has been trained."""
        return bool(self._steps)

    @property
    def event(self) -> str:
        """What replicas that saw the experiment's event have done."""
        return self._plan.experiment.criterion.name

    @property
    def title(self) -> str:
        """The experiment and the scale that are being launched."""
        return f"{self._plan.experiment.name} · {self._plan.scale}"

    def observe(self, facts: Mapping[str, Any]) -> None:
        """Take in one chunk of one pack."""
        running: Iterable[Replica] = facts["running"]
        self._levels = None
        for replica in running:
            self._parents.update(each.id for each in replica.ancestors())
        for replica in running:
            self._settle(replica)
        for name, status, seen in facts["ended"]:
            self._ended[name] = outcome(status, seen, self._plan.experiment.criterion)
        self._training = {replica.id for replica in running} - set(self._ended)
        if not self._steps:
            self._steps.append((time.monotonic() - facts["chunk_s"], 0))  # starting up is not training
        self._steps.append((time.monotonic(), self._steps[-1][1] + facts["replica_steps"]))

    def levels(self) -> list[Level]:
        """Return how each level stands, in the order of the plan; parents last."""
        if self._levels is not None:
            return self._levels
        found: dict[Home, Level] = {}
        for name, home in self._homes.items():
            level = found.setdefault(home, Level(*home))
            level.replicas += 1
            if how := self._ended.get(name) or (TRAINING if name in self._training else ""):
                level.counts[how] += 1
        self._levels = sorted(found.values(), key=lambda level: level.name == PARENTS)
        return self._levels

    def line(self) -> str:
        """Return the state in one line."""
        return f"{self._plan.experiment.name}  " + " · ".join(self.words())

    def words(self) -> list[str]:
        """Return the state of the whole in a few words each."""
        wanted = [name for name in self._homes if name not in self._parents]
        total = Counter(self._ended[name] for name in wanted if name in self._ended)
        words = [f"{total.total()}/{self._plan.wanted} done ({total[CENSORED]} censored)"]
        words.append(f"{len(self._training)} training")
        if total[DIVERGED]:
            words.append(f"{total[DIVERGED]} diverged")
        if not self._steps:
            return [*words, STARTING]
        rate = self._rate()
        words.append(f"{rate:,.0f} replica-steps/s")
        if rate and self._training:
            words.append(f"about {duration(max(self._expected - self._steps[-1][1], 0) / rate)} left")
        return words

    def _settle(self, replica: Replica) -> None:
        """Find, once, to which level a replica belongs."""
        if replica.id in self._homes:
            return
        if replica.id in self._parents:
            self._homes[replica.id] = ("", PARENTS)
            return
        config, experiment = replica.config, self._plan.experiment
        if self._size.search:
            fresh = replica.data_seed in self._size.search.confirming_seeds
            name = _named(config, self._size.search.ranges)
            self._homes[replica.id] = ("measured again on fresh seeds" if fresh else "", name)
            return
        part = _named(config, experiment.strata(self._plan.scale))
        self._homes[replica.id] = (part, _named(config, [experiment.x]))

    def _rate(self) -> float:
        now, steps = self._steps[-1]
        recent = [(at, made) for at, made in self._steps if now - at <= RATE_OVER_S]
        first_at, first_steps = recent[0] if len(recent) > 1 else self._steps[-2]
        return (steps - first_steps) / max(now - first_at, 1e-9)


def outcome(status: str, seen: Iterable[tuple[str, float]], event: Criterion) -> str:
    """Return how a replica has ended: an event counts also where the run went on after it.

    ``seen``: name and threshold of all events that it saw. ``grokked`` stands for whichever event is asked for.

    >>> from analysis.criteria import GROKKING
    >>> outcome("budget", [("grokked", 0.9)], GROKKING), outcome("budget", [("grokked", 0.99)], GROKKING)
    ('censored', 'grokked')
    """
    if (event.name, event.threshold) in seen:
        return GROKKED
    return DIVERGED if status == "diverged" else CENSORED


def outcomes_of(rows: Iterable[Mapping[str, Any]], event: Criterion) -> dict[str, str]:
    """Return how the replicas of finished rows have ended."""
    found = {}
    for row in rows:
        seen = [(each["name"], each["threshold"]) for each in row["events"] if each["upper"] is not None]
        found[row["id"]] = outcome(row["status"], seen, event)
    return found


def _named(config: Mapping[str, Any], fields: Iterable[str]) -> str:
    """Return the values of fields in words."""
    return ", ".join(f"{SHORT.get(name, name)} = {shown(config[name])}" for name in fields)


def shown(value: Any) -> str:
    """Return a field's value as a level's name.

    >>> shown(0.1), shown(1.0), shown("random"), shown(None), shown(True)
    ('0.1', '1', 'random', 'none', 'true')
    """
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
