"""The answer of ``fit`` as a file: one self-contained page with its figure, Markdown, or JSON."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.fit.fits import ABOUT_ONE, Fitted
from orchestrator.reports.pages import Section, all_axes, compared, environment
from orchestrator.reports.wording import fitted, span, verb
from orchestrator.storage.results import BadInputError

TEMPLATES = {".html": "fit.html.j2", ".md": "fit.md.j2", ".json": None}


def check_place(out: Path, read: Sequence[Path]) -> None:
    """Raise BadInputError in one line if a page cannot be written there."""
    if out.suffix not in TEMPLATES:
        raise BadInputError(f"--out {out} must end in one of {', '.join(TEMPLATES)}")
    if out.is_dir():
        raise BadInputError(f"--out {out} is a folder; give the name of a file in it")
    if not out.parent.is_dir():
        raise BadInputError(f"--out {out}: there is no folder {out.parent}; make it first")
    if any(out.resolve() == file.resolve() for file in read):
        raise BadInputError(f"--out {out} is the table that is read; give another name")


def write(out: Path, found: Fitted, facts: Mapping[str, Any], lines: Sequence[str], *, source: str) -> None:
    """Write the answer in the form that the file's suffix names.

    Raises: BadInputError where it cannot be written.
    """
    template = TEMPLATES[out.suffix]
    text = (
        json.dumps(facts, indent=1, ensure_ascii=False)
        if template is None
        else _page(template, found, facts, lines, source)
    )
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as fault:
        raise BadInputError(f"--out {out} cannot be written: {fault.strerror}") from None


def _page(template: str, found: Fitted, facts: Mapping[str, Any], lines: Sequence[str], source: str) -> str:
    from orchestrator.storage.provenance import provenance

    figure = _figure(found, facts) if template.endswith(".html.j2") else None
    made = environment().get_template(template)
    words: dict[str, Any] = {
        "answer": _answer(facts),
        "about_one": ABOUT_ONE,
        "figure": figure,
        "source": source,
        "lines": lines,
    }
    words |= {"sections": _sections(facts), "told": span(facts["exponent"]) if facts.get("exponent") else None}
    return str(made.render(**facts, **words, provenance=provenance()))


def _answer(facts: Mapping[str, Any]) -> str:
    """Return the answer in one sentence: the fitted constant and the verdict on it, or why there is none."""
    if facts["regression"]:
        slopes = ", ".join(f"{name} {span(slope)}" for name, slope in facts["regression"][0]["slopes"].items())
        return f"Slopes of the logarithm of the time: {slopes}."
    if not facts["fits"]:
        return f"Undecided: {facts['reason']}."
    chosen = next(fit for fit in facts["fits"] if fit["law"] == facts["primary"])
    because = f": {facts['reason']}" if facts["reason"] else ""
    return f"{fitted(chosen, facts['x'][0])}; that the exponent is 1 {verb(facts['verdict'])}{because}."


def _sections(facts: Mapping[str, Any]) -> list[Section]:
    if facts["regression"]:
        return [all_axes(facts["regression"], "time")]
    return [compared(facts["fits"], facts["x"][0])] if facts["fits"] else []


def _figure(found: Fitted, facts: Mapping[str, Any]) -> str | None:
    """Return the law's figure as SVG in base64, or None where no law was found."""
    if not found.fits:
        return None
    from analysis.evidence import times_of
    from analysis.figures.law_plot import Fitted as Part
    from analysis.figures.law_plot import law_plot

    x = facts["x"][0]
    first = sorted(found.fits, key=lambda fit: fit.law != facts["primary"])
    groups = found.rows["group"].to_list() if "group" in found.rows.columns else [0] * found.rows.height
    with tempfile.TemporaryDirectory(prefix="fit-") as folder:
        part = Part(times_of(found.rows, x), groups, first)
        files = law_plot({"": part}, x_label=x, y_label="time of the event", folder=Path(folder))
        return base64.b64encode(files[0].read_bytes()).decode()
