"""What rules about two arms share: which they are, and how they are written as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.faults import Fault
from analysis.rules._base import Asked, Rule, Where


@dataclass(frozen=True, kw_only=True)
class OfArms(Rule):
    """A rule about the runs at ``second`` against those at ``first``: values of the same fields, one or several.

    Runs are paired by seed and by the axes that neither names. As plain data, arms that differ in one field are written
    with its name once, ``arm: kl_strength, first: 0.0, second: 1.0``.
    """

    first: Where
    second: Where

    def settings(self) -> dict[str, Any]:
        """Return all settings that are not at their defaults, as plain data."""
        told = super().settings()
        if len(self.first) == 1 and set(self.first) == set(self.second):
            (arm,) = self.first
            return {**told, "arm": arm, "first": self.first[arm], "second": self.second[arm]}
        return told

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments that make the rule of its settings."""
        found = dict(settings)
        if "arm" in found:
            arm = str(found.pop("arm"))
            found |= {side: {arm: found[side]} for side in ("first", "second") if side in found}
        return found

    def parts(self) -> dict[str, Where]:
        """Return the values of fields that runs are chosen by, by the name of the setting."""
        return {**super().parts(), "first": self.first, "second": self.second}

    def faults(self, asked: Asked) -> list[str]:
        """Return what is wrong with the settings in an experiment, one sentence each."""
        found = super().faults(asked)
        if not self.first or set(self.first) != set(self.second):
            found.append(Fault("first and second must give values of the same fields, one or several", "first"))
        elif dict(self.first) == dict(self.second):
            found.append(Fault("first and second are the same runs", "second"))
        return found
