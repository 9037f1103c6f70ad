"""Which figures a report has, with their captions and alternative texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from analysis.table import timeline
from orchestrator.answers import evidence_of
from orchestrator.fans import fans, file_name
from orchestrator.launch import Study
from orchestrator.levels import by_level, groups
from orchestrator.wording import symbol

LEVELS_OF_A_LAW = 4


@dataclass(frozen=True)
class Picture:
    """One figure: its files (SVG first), what it shows in words for those who cannot see it, and its caption."""

    files: list[Path]
    alt: str
    caption: str

    @property
    def name(self) -> str:
        """Return the file name without its end."""
        return self.files[0].stem


def draw(
    study: Study, runs: pl.DataFrame, curves: pl.DataFrame, facts: Mapping[str, Any], folder: Path
) -> list[Picture]:
    """Draw all figures of a report, the main one first."""
    rows = timeline(runs, study.experiment.threshold)
    if rows.is_empty():
        return []
    return [*_pictures(study, rows, facts, folder), *(Picture(*each) for each in fans(study, rows, curves, folder))]


def _pictures(study: Study, rows: pl.DataFrame, facts: Mapping[str, Any], folder: Path) -> Iterator[Picture]:
    if study.experiment.scales[study.scale].search:
        yield from _search(study, facts, folder)
        return
    if not study.experiment.laws or study.experiment.scales[study.scale].space.also:
        yield from _laws_of_strata(study, rows, folder)
        yield from _arms(study, rows, folder)
        yield from _paired(study, rows, folder)
    elif study.experiment.strata(study.scale):
        yield from _heat_map(study, facts, folder)
        yield from _paired(study, rows, folder)
    else:
        yield from _law(study, rows, folder)
        yield from _phases(study, rows, folder)
        yield from _survival(study, rows, folder)


def _search(study: Study, facts: Mapping[str, Any], folder: Path) -> Iterator[Picture]:
    from analysis.figures.search import search
    from analysis.rules import BEST, REFERENCE

    names = study.experiment.varied(study.scale)[:2]
    tried = {
        each["role"] or str(number): (*(each["point"][name] for name in names), each["restricted_mean"])
        for number, each in enumerate(facts["trials"])
    }
    if len(names) < 2 or not tried:
        return
    marked = {role: next((at for roles, at in tried.items() if role in roles), None) for role in (REFERENCE, BEST)}
    labels = [symbol(name) for name in names]
    yield Picture(
        search([*tried.values()], marked, labels=labels, objective="restricted mean grok step", folder=folder),
        f"Points tried by {labels[0]} and {labels[1]}, coloured by their restricted mean grok step",
        "Every point that was tried, with its restricted mean grok step over the seeds that choose. Circle: the "
        "reference; star: the best point on these seeds.",
    )


def _laws_of_strata(study: Study, rows: pl.DataFrame, folder: Path) -> Iterator[Picture]:
    """Draw the laws of those parts of a union of grids that have enough levels for one."""
    from analysis.evidence import words

    for where, part in groups(study.experiment, study.scale, rows) if study.experiment.laws else ():
        if part[study.experiment.x].n_unique() >= LEVELS_OF_A_LAW:
            yield from _law(study, part, folder, words(where))


def _law(study: Study, rows: pl.DataFrame, folder: Path, told: str = "") -> Iterator[Picture]:
    from analysis.compare import unfit
    from analysis.evidence import groups_of, times_of
    from analysis.figures.law_plot import law_plot

    evidence = evidence_of(study.experiment, study.scale, rows)
    if evidence.usable.is_empty() or unfit(times_of(evidence.usable, study.experiment.x)):
        return
    fits = sorted(evidence.fits(), key=lambda fit: fit.law != study.experiment.primary_law)
    label = symbol(study.experiment.x)
    times = times_of(evidence.usable, study.experiment.x)
    yield Picture(
        law_plot(times, groups_of(evidence.usable), fits, x_label=label, folder=folder, tail=file_name(told)),
        f"Grok step of every run against {label} on logarithmic axes, with fitted laws",
        f"Grok step against {label}{f' where {told}' if told else ''}. Bars span the two evaluations between which a "
        "run grokked; arrows mark runs that had not when watching ended. The thick line is the primary law, named in "
        "advance, with its 95 % interval.",
    )


def _phases(study: Study, rows: pl.DataFrame, folder: Path) -> Iterator[Picture]:
    from analysis.evidence import times_of
    from analysis.figures.phases import phases

    if not rows[study.experiment.x].dtype.is_numeric():
        return
    shown = rows.filter(pl.col(study.experiment.x) > 0).drop_nulls("memorised_lower")
    if shown[study.experiment.x].n_unique() < 2:
        return
    memorised = shown.select(study.experiment.x, lower="memorised_lower", upper="memorised_upper")
    files = phases(
        times_of(memorised, study.experiment.x),
        times_of(shown, study.experiment.x),
        x_label=symbol(study.experiment.x),
        folder=folder,
    )
    yield Picture(
        files,
        f"Phase diagram over {symbol(study.experiment.x)} and steps: learning, memorised, generalised",
        "Phases: below the lower edge half of the runs have not memorised the training set, above the upper edge half "
        "have grokked (Kaplan–Meier medians). Squares: runs that memorised; dots: runs that grokked.",
    )


def _arms(study: Study, rows: pl.DataFrame, folder: Path) -> Iterator[Picture]:
    from analysis.evidence import times_of, words
    from analysis.figures.arms import arms

    experiment = study.experiment
    found = [
        ({**where, experiment.x: x}, times_of(part, experiment.x))
        for where, runs in groups(experiment, study.scale, rows)
        for x, part in by_level(experiment, study.scale, runs)
    ]
    usual = usual_values([fields for fields, _ in found])
    labels = [words(dict(pair for pair in fields.items() if pair not in usual)) for fields, _ in found]
    told = f" Where a row does not say otherwise, {words(dict(usual))}." if usual else ""
    yield Picture(
        arms(labels, [times for _, times in found], folder=folder),
        "Grok step of every run, one row per arm",
        "Grok step of every run on a logarithmic axis, one row per arm. Bars: Kaplan–Meier medians; arrows: runs that "
        f"had not grokked when watching ended. At the right: how many grokked, of how many.{told}",
    )


def usual_values(arms: Sequence[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    """Return the fields that have one value in more than half of the arms, with that value.

    >>> usual_values([{"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1, "b": 4}])
    [('a', 1)]
    """
    pairs = Counter(pair for fields in arms for pair in fields.items())
    return [pair for pair, count in pairs.items() if 2 * count > len(arms)]


def _survival(study: Study, rows: pl.DataFrame, folder: Path) -> Iterator[Picture]:
    from analysis.evidence import times_of, word
    from analysis.figures.survival import survival

    found = by_level(study.experiment, study.scale, rows)
    levels = {word(value): times_of(part, study.experiment.x) for value, part in found}
    yield Picture(
        survival(levels, x_label=symbol(study.experiment.x), folder=folder),
        f"Share of runs that have not grokked against steps, one curve per {symbol(study.experiment.x)}",
        "Kaplan–Meier curves: the share of runs of each level that have not grokked yet; ticks mark censored runs.",
    )


def _heat_map(study: Study, facts: Mapping[str, Any], folder: Path) -> Iterator[Picture]:
    from analysis.figures.heat_map import Cell, heat_map

    strata = study.experiment.strata(study.scale)
    up, rest = strata[-1], strata[:-1]
    panels: dict[str, dict[tuple[Any, Any], Cell]] = {}
    for level in facts["levels"]:
        title = ", ".join(f"{name} = {level['where'][name]}" for name in rest)
        cell = (level["median"], level["events"], level["runs"])
        panels.setdefault(title, {})[level["x"], level["where"][up]] = cell
    yield Picture(
        heat_map(panels, x_label=symbol(study.experiment.x), y_label=symbol(up), folder=folder),
        f"Median grok step by {symbol(study.experiment.x)} and {symbol(up)}",
        "Median grok step (Kaplan–Meier) of every cell, and how many of its runs grokked; grey where fewer than half "
        "did.",
    )


def _paired(study: Study, rows: pl.DataFrame, folder: Path) -> Iterator[Picture]:
    from analysis._measured import arms
    from analysis.evidence import words
    from analysis.figures.paired import paired

    evidence = evidence_of(study.experiment, study.scale, rows)
    for claim in study.experiment.claims:
        if claim.rule != "ratio_within":
            continue
        compared, where = arms(claim.settings), claim.settings.get("where") or {}
        try:
            first, second, _ = evidence.pairs(*compared, where)
        except ValueError:  # no pair: the claim's verdict says so
            continue
        told = [words(fields) for fields in compared]
        yield Picture(
            paired(first, second, arms=told, title=words(where), name=f"paired_{claim.name}", folder=folder),
            f"Grok step of every seed at {told[0]} and {told[1]}, joined by lines",
            f"Pairs of runs with the same seed at {told[0]} and {told[1]}. Blue: sooner at the second; orange: later; "
            "grey: cannot be told. Arrows: censored.",
        )
