"""A report's facts as pages: HTML and Markdown print the same sections, made once, in reading order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from analysis.criteria import Criterion
from analysis.numerals import counted, digits, p_words, steps, word
from orchestrator.reports.method import method
from orchestrator.reports.symbols import label, telling
from orchestrator.reports.wording import condition, constants, event_of, fitted, formula, plain, score, span, symbol

Facts = Mapping[str, Any]
NOT_REACHED = "not reached"
OUTSIDE = " *"
WHOLE = re.compile(r"[\[(][^\s()\[\]]+, [^\s()\[\]]+[\])]|p (?:=|&lt;) [\d.]+|[\d.]+ %")


@dataclass(frozen=True)
class Table:
    """A table of texts. ``words``: how many of its first columns hold words; the others hold numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1


@dataclass(frozen=True)
class Section:
    """A part of a report: tables, points of a list, and notes below them."""

    title: str
    tables: Sequence[Table] = ()
    points: Sequence[str] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def html(facts: Facts, embedded: Callable[[str], str]) -> str:
    """Return the page of a report that stands alone; ``embedded`` returns a figure's file in base64."""
    return _rendered("report.html.j2", facts, embedded=embedded)


def markdown(facts: Facts) -> str:
    """Return the Markdown of a report."""
    return _rendered("report.md.j2", facts)


def _rendered(template: str, facts: Facts, **more: Any) -> str:
    told = {"sections": list(sections(facts)), "last": list(last_sections(facts)), "tiles": tiles(facts)}
    return str(environment().get_template(template).render(**facts, **told, **more))


@cache
def environment() -> Any:
    """Return the templates of all pages."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=jinja2.select_autoescape(("html.j2", "svg.j2")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"counted": counted, "p_words": p_words, "plain": plain}
    made.filters["spaced"] = lambda name: str(name).replace("_", " ")
    made.filters["unbroken"] = _unbroken
    made.filters["cell"] = lambda text: str(text).replace("|", "\\|").replace("\n", " ")
    return made


def _unbroken(text: str) -> Any:
    """Return a text as HTML whose intervals and error rates stay on one line."""
    from markupsafe import Markup, escape

    return Markup(WHOLE.sub(r'<span class="nw">\g<0></span>', str(escape(text))))


def tiles(facts: Facts) -> list[tuple[str, str]]:
    """Return the counts of a report, each with what it counts; mishaps only if there were any."""
    told = [
        (f"{facts['replicas']:,}", "network" if facts["replicas"] == 1 else "networks"),
        (f"{facts['events']:,}", f"{plain(event_of(facts).name)} at {event_of(facts).threshold}"),
        (f"{facts['censored']:,}", "censored"),
        *((f"{facts[name]:,}", name) for name in ("diverged", "failed", "missing") if facts[name]),
    ]
    return [*told, (steps(facts["budget_steps"]), "steps of budget")]


def sections(facts: Facts) -> Iterator[Section]:
    """Yield what stands between the claims and the further figures."""
    if facts["would_change"]:
        yield Section("What would change the answer", points=[plain(line) for line in facts["would_change"]])
    yield from _laws(facts)
    yield from _points_tried(facts)
    yield from _levels(facts)
    yield from _measured(facts)
    yield from _thresholds(facts)


def last_sections(facts: Facts) -> Iterator[Section]:
    """Yield how the numbers came about and what everything is based on."""
    yield Section("Method", notes=[method(facts)])
    if facts["pilot"]:
        yield Section("Pilots", notes=[facts["pilot"]])
    versions = " · ".join(f"{name} {value}" for name, value in facts["provenance"].items())
    origins = [f"{part}: {origin}" for part, origin in facts["sources"].items()]
    where = (
        f"rows {facts['rows_hash']}; the table of runs is replicas.csv beside this page, all numbers are in report.json"
    )
    yield Section("Sources and provenance", points=[facts["source"], *origins], notes=[f"{versions}.", where])


def _laws(facts: Facts) -> Iterator[Section]:
    if facts["regression"]:
        yield all_axes(facts["regression"], event_of(facts).step)
    if facts["strata"]:
        wheres = [part["where"] for part in facts["strata"]]
        names = [condition(few or where) for few, where in zip(telling(wheres), wheres, strict=True)]
        rows = [
            [name, fitted(part["fit"], facts["x"]) if part["fit"] else part["note"]]
            for name, part in zip(names, facts["strata"], strict=True)
        ]
        yield Section("The law in each part", [Table(["where", "law"], rows, words=2)])
        for part in facts.get("parts", []):
            yield compared(part["fits"], facts["x"], f" where {names[wheres.index(part['where'])]}")
    elif facts["fits"]:
        yield compared(facts["fits"], facts["x"])


def all_axes(fits: Sequence[Facts], time: str) -> Section:
    """Return the regressions on several axes; ``time``: the name of their time."""
    rows = [[f"{time} at the centre", *(span(fit["time"]) for fit in fits)]]
    rows += [[plain(term), *(span(fit["slopes"][term]) for fit in fits)] for term in fits[0]["slopes"]]
    rows += [["AICc", *(score(fit, "aicc") for fit in fits)]]
    note = (
        "Slopes of log T by the logarithm of each axis (by 0/1 for axes that are not numbers) and their products: -1 "
        f"means that the {time} falls as one over it, 0 that it does not matter. 95 % intervals: "
        f"{fits[0]['intervals']}."
    )
    return Section("All axes at once", [Table(["term", *(fit["noise"] for fit in fits)], rows)], notes=[note])


def compared(fits: Sequence[Facts], x: str, where: str = "") -> Section:
    """Return the table of all laws that were fitted to the runs, or to a part of them."""
    rows = [
        [
            formula(fit, x),
            constants(fit) + (f" ({fit['note']})" if fit["note"] else ""),
            score(fit, "aicc"),
            score(fit, "elpd_leave_one_level_out"),
        ]
        for fit in fits
    ]
    note = (
        "Lower AICc and higher leave-one-level-out score (summed log-probability of each level under the law fitted to "
        f"the others) are better. Intervals: {fits[0]['intervals']}."
    )
    head = ["law", "constants with 95 % intervals", "AICc", "leave one level out"]
    return Section(f"Laws compared{where}", [Table(head, rows, words=2)], notes=[note])


def _points_tried(facts: Facts) -> Iterator[Section]:
    event = event_of(facts)
    if facts["trials"]:
        note = (
            f"On the seeds that choose, the best first. The restricted mean counts a run that {event.missed} as the "
            "last step of the budget. The best of many points looks better here than it is."
        )
        yield Section("Points tried", [_tried(facts["trials"], event)], notes=[note])
    if facts["confirmed"]:
        note = "Points measured again on seeds that took no part in the choice; the claims are judged on these runs."
        yield Section("On fresh seeds", [_tried(facts["confirmed"], event)], notes=[note])


def _tried(trials: Sequence[Facts], event: Criterion) -> Table:
    fields = [symbol(name) for name in trials[0]["point"]]
    head = ["role", *fields, "runs", event.seen, "median step", "restricted mean"]
    rows = [
        [
            row["role"] or "–",
            *(digits(value) for value in row["point"].values()),
            *(f"{row[name]:,}" for name in ("runs", event.name)),
            _median(row["median"]),
            steps(row["restricted_mean"]),
        ]
        for row in trials
    ]
    return Table(head, rows)


def _levels(facts: Facts) -> Iterator[Section]:
    levels = facts["levels"]
    if not levels:
        return
    kinds = ("runs", "events", "censored", "never_memorised", "diverged")
    where = [symbol(name) for name in levels[0]["where"]]
    head = [*where, symbol(facts["x"]), "runs", plain(event_of(facts).name), "censored", "never memorised", "diverged"]
    rows = [
        [
            *(word(value) for value in level["where"].values()),
            word(level["x"]) + (OUTSIDE if level["x"] in facts["left_out"] else ""),
            *(f"{level[kind]:,}" for kind in kinds),
            _median(level["median"]),
            steps(level["restricted_mean"]),
        ]
        for level in levels
    ]
    note = (
        "Censored runs include those that never memorised or diverged. The restricted mean counts every run up to the "
        "step that all levels were watched to."
    )
    if facts["left_out"]:
        note += f" Levels with{OUTSIDE} are outside the fits."
    if count := facts.get("since_start"):
        note += f" {counted(count, 'run')} had it at step 0 already: no law and no ratio counts them."
    table = Table([*head, "median step", "restricted mean"], rows, words=len(where) + 1)
    yield Section("Levels", [table], notes=[note])


def _measured(facts: Facts) -> Iterator[Section]:
    parts = facts.get("measured", [])
    if not parts:
        return
    tables = [
        Table(
            [
                condition(part["where"]) or "all runs",
                *(
                    f"{symbol(facts['x'])} = {word(each['x'])}, {counted(each['runs'], 'run')}"
                    for each in part["levels"]
                ),
            ],
            [[plain(row["name"]), *(_cell(each) for each in row["cells"])] for row in part["rows"]],
        )
        for part in parts
    ]
    note = (
        "Numbers that follow from the curves of a run: means over the runs that have the number, in brackets how many "
        f"these are. Their rules are in analysis/measures, files {', '.join(facts['measures'])}."
    )
    yield Section("What was measured", tables, notes=[note])


def _thresholds(facts: Facts) -> Iterator[Section]:
    rows = facts["sensitivity"]
    if not rows:
        return
    lawful = not facts["trials"] and not facts["regression"] and "exponent" in rows[0]
    names = [claim["name"] for claim in facts["claims"]]
    event = event_of(facts)
    head = [
        label(event.column),
        plain(event.name),
        *(["exponent of the primary law"] if lawful else []),
        *map(plain, names),
    ]
    table = [
        [
            f"{row['threshold']}",
            f"{row['events']:,}",
            *([_exponent(row)] if lawful else []),
            *(row["claims"].get(name, "–") for name in names),
        ]
        for row in rows
    ]
    note = (
        f"Claims about measures have no verdict (–) at other thresholds: measures are taken at {event.threshold} only."
    )
    notes = [note] if facts.get("measured") else []
    yield Section("Does the threshold matter?", [Table(head, table, words=len(head))], notes=notes)


def _exponent(row: Facts) -> str:
    return span(row["exponent"]) if row["exponent"] else str(row.get("note", "has none"))


def _median(value: float | None) -> str:
    return NOT_REACHED if value is None else steps(value)


def _cell(each: Facts) -> str:
    """Return a mean with the number of runs that have it."""
    return "absent" if each["mean"] is None else f"{digits(each['mean'])} ({each['count']})"
