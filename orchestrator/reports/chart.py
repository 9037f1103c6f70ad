"""One chart of many claims: how far each estimate, with its interval, lies within the values at which its claim holds.

Claims have units of their own, so distances are measured from the nearest limit of the claim. The unit is half the
width of the claim's range or, if that is open, the distance of its limit from "no effect": 0, or 1 for a ratio. If the
limit is that value itself, the unit is the distance of the estimate. Ratios are compared as logarithms.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.numerals import limits
from orchestrator.reports.pages import environment
from orchestrator.reports.wording import span

FARTHEST = 10.0  # units, where the plot ends
TICKS = (-10, -3, -1, 0, 1, 3, 10)
LEFT, RIGHT = 280.0, 590.0  # pixels of the plot
TOP, LINE, HEADING = 64.0, 17.0, 28.0


@dataclass(frozen=True, kw_only=True)
class Region:
    """The values at which a claim holds; None is open. ``ratio``: of two times."""

    low: float | None
    high: float | None
    ratio: bool = False

    def words(self) -> str:
        """Return the region as an interval."""
        return limits(self.low, self.high)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A claim with its verdict, its estimate and 95 % interval (None means absent or open), and where it holds.

    ``counted``: whether it is one of the paper's totals.
    """

    name: str
    verdict: str
    estimate: float | None
    low: float | None
    high: float | None
    region: Region
    counted: bool = True

    def numbers(self) -> str:
        """Return the estimate with its interval."""
        if self.estimate is None:
            return "no estimate"
        return span({"estimate": self.estimate, "low": self.low, "high": self.high})

    def margins(self) -> tuple[float, float, float] | None:
        """Return how far the worst end of the interval, the estimate and the best end lie in the region, in its units.

        Below 0 is outside; a range with two limits is at 1 in its middle, and nowhere more.

        >>> Row(name="", verdict="holds", estimate=2, low=1, high=4, region=Region(low=1, high=None)).margins()
        (0.0, 1.0, 3.0)
        >>> Row(name="", verdict="holds", estimate=4, low=1, high=7, region=Region(low=3, high=7)).margins()
        (-1.0, 0.5, 1.0)
        """
        if self.estimate is None:
            return None
        scale = _log if self.region.ratio else float
        low, high = (None if end is None else scale(end) for end in (self.region.low, self.region.high))
        at = scale(self.estimate)
        start = -math.inf if self.low is None else scale(self.low)
        end = math.inf if self.high is None else scale(self.high)
        unit = _unit(low, high, at)
        inside = [_depth(value, low, high) / unit for value in (start, at, end)]
        around_the_middle = low is not None and high is not None and start <= (low + high) / 2 <= end
        return min(inside), inside[1], 1.0 if around_the_middle else max(inside)


def chart(rows: Mapping[str, Sequence[Row]]) -> str:
    """Return the chart of claims as SVG, 1,000 pixels wide; ``rows``: the claims of each experiment."""
    from analysis.figures._colours import COLOURS, GROUND, INK, REGION, RULE, SOFT, on_dark

    colours = {"ground": GROUND, "ink": INK, "soft": SOFT, "rule": RULE, "region": REGION}
    colours |= {"holds": COLOURS[0], "fails": COLOURS[1], "undecided": SOFT}
    place, groups = TOP, []
    for name, claims in rows.items():
        place += HEADING
        heading = place - 7
        drawn = [_drawn(row, place + LINE * (number + 0.5)) for number, row in enumerate(claims)]
        place += LINE * len(claims)
        groups.append({"name": name.replace("_", " "), "y": heading, "rows": drawn})
    return str(
        environment()
        .get_template("claims.svg.j2")
        .render(
            groups=groups,
            height=place + 12,
            top=TOP,
            bottom=place + 4,
            ticks=[(_across(tick), f"{tick}".replace("-", "−")) for tick in TICKS],
            zero=_across(0),
            left=LEFT,
            right=RIGHT,
            counts=Counter(row.verdict for claims in rows.values() for row in claims if row.counted),
            light=colours,
            dark={name: on_dark(colour) for name, colour in colours.items()},
        )
    )


def _drawn(row: Row, y: float) -> dict[str, object]:
    """Return where the parts of a row are drawn."""
    margins = row.margins()
    name = row.name if row.counted else f"({row.name})"
    told = {"name": name, "verdict": row.verdict, "numbers": row.numbers(), "within": row.region.words(), "y": y}
    if margins is None:
        return {**told, "x": None}
    low, at, high = margins
    return {
        **told,
        **{"x": _across(at), "x1": _across(low), "x2": _across(high)},
        **{"beyond_left": low < -FARTHEST, "beyond_right": high > FARTHEST},
    }


def _across(margin: float) -> float:
    """Return where a distance is drawn, in pixels: evenly near 0, by its logarithm far from it."""
    share = math.asinh(min(max(margin, -FARTHEST), FARTHEST)) / math.asinh(FARTHEST)
    return round(LEFT + (RIGHT - LEFT) * (share + 1) / 2, 1)


def _depth(value: float, low: float | None, high: float | None) -> float:
    """Return how far a value lies within limits, below 0 outside; None is open."""
    return min(math.inf if low is None else value - low, math.inf if high is None else high - value)


def _unit(low: float | None, high: float | None, at: float) -> float:
    if low is not None and high is not None:
        return (high - low) / 2 or 1.0
    limit = low if low is not None else high
    return abs(limit or 0.0) or abs(at) or 1.0


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf
