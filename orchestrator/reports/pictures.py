"""Which figures a report has, with their captions and alternative texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import polars as pl

from analysis.criteria import GROKKED
from analysis.numerals import word
from analysis.table import BEST, REFERENCE, timeline
from orchestrator.reports.answers import evidence_of
from orchestrator.reports.claim_pictures import pictures_of_claims
from orchestrator.reports.fans import fans
from orchestrator.reports.levels import by_level, groups
from orchestrator.reports.symbols import labelled, short, telling, told, value_word
from orchestrator.reports.wording import of_axis, symbol
from orchestrator.study.state import State

LEVELS_OF_A_LAW = 4
ENDS = (".svg", ".png")


@dataclass(frozen=True)
class Picture:
    """One figure: its file (SVG), what it shows in words for those who cannot see it, and its caption."""

    files: list[Path]
    alt: str
    caption: str

    @property
    def name(self) -> str:
        """Return the file name without its end."""
        return self.files[0].stem


def draw(
    state: State, runs: pl.DataFrame, curves: pl.DataFrame, facts: Mapping[str, Any], folder: Path
) -> list[Picture]:
    """Draw all figures of a report, the main one first; figures of an earlier report are removed."""
    rows = timeline(runs, state.experiment.threshold, state.experiment.criterion)
    if rows.is_empty():
        return []
    found = [*_pictures(state, rows, facts, folder), *_of_claims(state, rows, facts, folder)]
    drawn, notes = fans(state, rows, curves, folder)
    found += [Picture(*each) for each in drawn]
    if found and notes:
        found[0] = replace(found[0], caption=" ".join([found[0].caption, *notes]))
    kept = {file for each in found for file in each.files}
    for file in folder.glob("*"):
        if file.suffix in ENDS and file not in kept:
            file.unlink()
    return found


def _pictures(state: State, rows: pl.DataFrame, facts: Mapping[str, Any], folder: Path) -> Iterator[Picture]:
    if state.experiment.scales[state.scale].search:
        yield from _search(state, facts, folder)
    elif not state.experiment.laws or state.experiment.scales[state.scale].space.also:
        yield from _laws_of_strata(state, rows, facts, folder)
        yield from _arms(state, rows, folder)
    elif state.experiment.strata(state.scale):
        yield from _heat_map(state, facts, folder)
    else:
        fitted = _fitted(state, rows, [fit_of(each) for each in facts["fits"]])
        yield from _laws(state, {"": fitted} if fitted else {}, folder)
        yield from _phases(state, rows, folder)
        yield from _survival(state, rows, folder)


def _of_claims(state: State, rows: pl.DataFrame, facts: Mapping[str, Any], folder: Path) -> Iterator[Picture]:
    """Draw the claims from the evidence that they were judged by: of a search, the runs on its confirming seeds."""
    experiment, search = state.experiment, state.experiment.scales[state.scale].search
    evidence = evidence_of(experiment, state.scale, rows)
    if search:
        from analysis.search import confirmation

        best = next((each["point"] for each in facts["trials"] if BEST in each["role"]), None)
        if best is None:
            return
        about = {"event": evidence.event, "events": evidence.events}
        evidence = confirmation(rows, search.first[0], best, search.confirming_seeds, **about)
    yield from (Picture(*each) for each in pictures_of_claims(experiment.claims, evidence, facts, folder))


def _search(state: State, facts: Mapping[str, Any], folder: Path) -> Iterator[Picture]:
    from analysis.figures.search import search

    names, step = state.experiment.varied(state.scale)[:2], state.experiment.criterion.step
    tried = {
        each["role"] or str(number): (*(each["point"][name] for name in names), each["restricted_mean"])
        for number, each in enumerate(facts["trials"])
    }
    if len(names) < 2 or not tried:
        return
    marked = {role: next((at for roles, at in tried.items() if role in roles), None) for role in (REFERENCE, BEST)}
    labels = [symbol(name) for name in names]
    yield Picture(
        search([*tried.values()], marked, labels=labels, folder=folder),
        f"Points tried by {labels[0]} and {labels[1]}, darker where their restricted mean {step} is smaller",
        "Every point that was tried, darker where it was sooner; beside it, where there is room, its restricted mean "
        f"{step} over the seeds that choose. Circle: the reference; star: the best point on these seeds.",
    )


def _laws_of_strata(state: State, rows: pl.DataFrame, facts: Mapping[str, Any], folder: Path) -> Iterator[Picture]:
    """Draw the laws of those parts of a union of grids that have enough levels for one."""

    def reported(where: Mapping[str, Any]) -> list[Any]:
        return [fit_of(fit) for part in facts.get("parts", ()) if part["where"] == where for fit in part["fits"]]

    parts = groups(state.experiment, state.scale, rows) if state.experiment.laws else ()
    enough = [(where, part) for where, part in parts if part[state.experiment.x].n_unique() >= LEVELS_OF_A_LAW]
    names = telling([where for where, _ in enough])
    fitted = {
        told(few or where): _fitted(state, part, reported(where))
        for few, (where, part) in zip(names, enough, strict=True)
    }
    yield from _laws(state, {name: each for name, each in fitted.items() if each}, folder)


def fit_of(facts: Mapping[str, Any]) -> Any:
    """Return the fit that has these facts, so that a figure shows the numbers of its page."""
    from analysis.compare import Fit
    from analysis.interval import Interval

    names = ("estimate", "low", "high")
    parameters = {key: Interval(*(each[name] for name in names)) for key, each in facts["parameters"].items()}
    known = {each.name: facts[each.name] for each in fields(Fit) if each.name in facts}
    return Fit(**{**known, "parameters": parameters})


def _fitted(state: State, rows: pl.DataFrame, fits: Sequence[Any] = ()) -> Any:
    """Return the fits of the report or, if none are given, fits to a part of the runs; None where there are none."""
    from analysis.compare import unfit
    from analysis.evidence import groups_of, times_of
    from analysis.figures.law_plot import Fitted

    evidence = evidence_of(state.experiment, state.scale, rows)
    if evidence.usable.is_empty() or unfit(times := times_of(evidence.usable, state.experiment.x)):
        return None
    found = sorted(fits or evidence.fits(), key=lambda fit: fit.law != state.experiment.primary_law)
    return Fitted(times, groups_of(evidence.usable), found)


def _laws(state: State, parts: Mapping[str, Any], folder: Path) -> Iterator[Picture]:
    """Draw the laws of all parts, by their names, in one figure."""
    from analysis.figures.law_plot import coinciding, law_plot, shows_intervals

    if not parts:
        return
    x, event = state.experiment.x, state.experiment.criterion
    letter, several = (short(x) if len(short(x)) < 3 else "x"), len(parts) > 1
    files = law_plot(parts, x_label=symbol(x), y_label=event.step, letter=letter, folder=folder)
    same = [
        f" {' and '.join(names)} coincide{f' ({part})' if several else ''}."
        for part, fitted in parts.items()
        for names in coinciding(fitted.fits, fitted.times)
    ]
    where = next(iter(parts)) if not several else ""
    intervals = any(shows_intervals(fitted.times) for fitted in parts.values())
    yield Picture(
        files,
        f"{event.step.capitalize()} of every run against {symbol(x)} on logarithmic axes, with fitted laws",
        f"{event.step.capitalize()} against {symbol(x)}{f' where {where}' if where else ''}. Dots: runs"
        + (f", with a thin bar between the two evaluations where they {event.seen}" if intervals else "")
        + "; bars: the span of a level, with a tick at its Kaplan–Meier median; arrows: runs that had not "
        f"{event.seen} when watching ended. The thick line is the primary law, named in advance, with its 95 % "
        f"interval.{of_axis(''.join(same), x)}",
    )


def _phases(state: State, rows: pl.DataFrame, folder: Path) -> Iterator[Picture]:
    from analysis.evidence import times_of
    from analysis.figures.phases import phases

    x = state.experiment.x
    if not rows[x].dtype.is_numeric() or state.experiment.criterion.name != GROKKED:
        return
    shown = rows.filter(pl.col(x) > 0).drop_nulls("memorised_lower")
    if shown[x].n_unique() < 2:
        return
    memorised = shown.select(x, lower="memorised_lower", upper="memorised_upper")
    yield Picture(
        phases(times_of(memorised, x), times_of(shown, x), x_label=short(x), folder=folder),
        f"Share of runs that are learning, have memorised and have generalised, over the steps, by {symbol(x)}",
        "Phases by level: the share of runs that are still learning the training set, have memorised it, and have "
        "grokked (Kaplan–Meier). A panel ends where the last of its runs was watched.",
    )


def _arms(state: State, rows: pl.DataFrame, folder: Path) -> Iterator[Picture]:
    from analysis.evidence import times_of
    from analysis.figures.arms import arms

    x, event = state.experiment.x, state.experiment.criterion
    found = list(groups(state.experiment, state.scale, rows))
    heads, usual = labelled([where for where, _ in found])
    levels = {
        head: {value_word(value): times_of(runs, x) for value, runs in by_level(state.experiment, state.scale, part)}
        for head, (_, part) in zip(heads, found, strict=True)
    }
    yield Picture(
        arms(levels, rows=short(x), folder=folder, event=event),
        f"{event.step.capitalize()} of every run, one row per arm",
        f"{event.step.capitalize()} of every run on a logarithmic axis, one row per arm. Bars: Kaplan–Meier medians; "
        f"arrows: runs that had not {event.seen} when watching ended. At the right: how many {event.seen}, of how many."
        + (f" Where a heading does not say otherwise, {usual}." if usual else ""),
    )


def _survival(state: State, rows: pl.DataFrame, folder: Path) -> Iterator[Picture]:
    from analysis.evidence import times_of
    from analysis.figures.survival import survival

    if not rows["upper"].count():
        return
    found, event = by_level(state.experiment, state.scale, rows), state.experiment.criterion
    levels = {word(value): times_of(part, state.experiment.x) for value, part in found}
    yield Picture(
        survival(levels, x_label=short(state.experiment.x), folder=folder, event=event),
        f"Share of runs that have not {event.seen} against steps, one curve per {symbol(state.experiment.x)}",
        f"Kaplan–Meier curves: the share of runs of each level that have not {event.seen} yet; ticks mark censored "
        "runs.",
    )


def _heat_map(state: State, facts: Mapping[str, Any], folder: Path) -> Iterator[Picture]:
    from analysis.figures.heat_map import Cell, heat_map

    up, rest = (strata := state.experiment.strata(state.scale))[-1], strata[:-1]
    parts: dict[str, dict[tuple[Any, Any], Cell]] = {}
    for level in facts["levels"]:
        title = told({name: level["where"][name] for name in rest})
        cell = (level["median"], level["events"], level["runs"])
        parts.setdefault(title, {})[level["x"], level["where"][up]] = cell
    x, event = state.experiment.x, state.experiment.criterion
    yield Picture(
        heat_map(parts, x_label=symbol(x), y_label=symbol(up), folder=folder),
        f"Median {event.step} by {symbol(x)} and {symbol(up)}",
        f"Median {event.step} (Kaplan–Meier) of every cell, and how many of its runs {event.seen}; grey where fewer "
        "than half did.",
    )
