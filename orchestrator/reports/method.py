"""How the numbers of a report came about, in words, as far as that concerns the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.interval import MOST_LEFT_OUT
from orchestrator.reports.symbols import label
from orchestrator.reports.wording import event_of


def method(facts: Mapping[str, Any]) -> str:
    """Return the method section of a report."""
    event = event_of(facts)
    column = label(event.column).split(",")[0]
    reached = f"{column} is at {'most' if event.falls else 'least'} {event.threshold:g}"
    searched, lawful = bool(facts["trials"]), not facts.get("lawless")
    told = [
        f"The {event.step} is the first evaluation at which {reached}. Between two "
        f"evaluations it is known only as an interval, and a run that {event.missed} within its budget is censored: it "
        'counts as "later than this" and is never dropped. A run that diverged counts as watched until then.'
    ]
    if searched:
        told.append(
            "Points are chosen by Optuna's tree-structured Parzen estimator through Ray Tune's OptunaSearch, "
            f"to make the restricted mean {event.step} small; which are tried depends on the order in which earlier "
            f"ones ended. The ratio of two points is the median over seeds of the ratio of their {event.step}s."
        )
    elif lawful:
        told.append(
            "Laws are fitted by maximum likelihood to intervals and censored runs together, with log-normal spread "
            "around the law."
        )
    told.append(
        f"The seeds are shared between {'points' if searched else 'levels'} (same split, same initial weights), "
        "so rows are not independent: 95 % intervals come from leaving out each seed in turn (the jackknife), with "
        "Student's t for their number; no interval leaves the range of its quantity."
    )
    if any(level["runs"] > MOST_LEFT_OUT for level in facts["levels"]):
        told.append(
            f"With more than {MOST_LEFT_OUT} seeds, each of {MOST_LEFT_OUT} hands of whole seeds is left out in their "
            "place, and the constants of a law have the sandwich estimate over whole seeds."
        )
    if facts.get("measured"):
        told.append(
            "A claim about a measure speaks of its mean over seeds, with Student's t for their number; one about the "
            f"share of runs that {event.seen} has Clopper and Pearson's interval. Runs that do not have the number are "
            "left out of the mean and counted."
        )
    if facts.get("calibrated"):
        told.append(facts["calibrated"])
    told.append(
        "A claim holds if its whole interval lies within the range that was stated in advance, fails if none of it "
        "does, and is undecided otherwise; p is the smallest error rate at which it would still be decided."
    )
    return " ".join(told)
