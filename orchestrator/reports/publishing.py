"""Publishing: reports with the figures that their pages show go into a folder, and all pages are rendered again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os.path import normpath
from pathlib import Path
from typing import Any

from analysis.numerals import counted
from orchestrator.reports import report
from orchestrator.reports.index import index_files
from orchestrator.reports.pages import environment, markdown
from orchestrator.reports.published import REPORT, TEXT, Published, dead_links, links
from orchestrator.reports.references import Rendered
from orchestrator.storage.digests import sealed
from orchestrator.storage.results import BadInputError
from orchestrator.study.study import Study

TABLE, WORDS, FIGURES = "replicas.csv", "report.md", "figures"
MOST_FAULTS = 5
Files = dict[str, bytes]  # by name within the folder


def publish(folder: Path, *studies: Study) -> list[str]:
    """Render all pages and the index of a folder; before that, copy reports of studies there. Return what was done.

    A study whose page has no text yet gets one. Nothing is written if a page refers to something that does not exist.
    Raises: BadInputError with what is wrong, by file and line.
    """
    try:
        published, files = _with_reports(folder, studies)
        files |= {name: text.encode() for name, text in index_files(published).items()}
    except LookupError as fault:
        raise BadInputError(f"{folder}: {fault.args[0]}") from None
    if not published.names():
        raise BadInputError(f"{folder} holds no texts of pages (NAME/{TEXT}); name an experiment to publish")
    made = {name: published.page(name) for name in published.names()}
    _refuse(f"{folder / name / TEXT}:{line} {what}" for name, page in made.items() for line, what in page.faults)
    files |= {f"{name}.md": page.text.encode() for name, page in made.items()}
    for study in studies:
        files |= _of_report(study, made[study.experiment.name], published)
    there = {normpath(folder / name) for name in files}
    pages = {folder / name: content.decode() for name, content in files.items() if name.endswith(".md")}
    _refuse(fault for page, text in pages.items() for fault in dead_links(page, text, there))
    changed = _written(folder, files)
    for study in studies:
        changed += _pruned(folder / study.experiment.name / FIGURES, files)
    count = sum(page.count for page in made.values())
    return [*changed, f"{counted(len(made), 'page')} with {count:,} numbers, {counted(len(changed), 'file')} changed"]


def _refuse(faults: Iterable[str]) -> None:
    """Raise BadInputError with the first of the faults, if there are any."""
    found = list(faults)
    if found:
        more = f"; and {len(found) - MOST_FAULTS} more" if len(found) > MOST_FAULTS else ""
        raise BadInputError("; ".join(found[:MOST_FAULTS]) + more)


def _with_reports(folder: Path, studies: Iterable[Study]) -> tuple[Published, Files]:
    """Return the folder as it will be with the reports of studies, and new texts for pages that had none."""
    published = Published(folder)
    texts: dict[str, str] = {}
    for study in studies:
        name, facts = study.experiment.name, _complete(study)
        old = folder / name / f"{REPORT}.json"
        if old.is_file() and (scale := published.facts(f"{name}/{REPORT}").get("scale")) != study.scale:
            raise BadInputError(f"{old} is of the {scale} scale; give another --folder for the {study.scale} scale")
        published.fresh[f"{name}/{REPORT}"] = facts
        if not (folder / name / TEXT).is_file():
            text = environment().get_template(f"{TEXT}.j2").render(**facts, picture=next(iter(facts["pictures"]), None))
            texts[name] = f"{text.strip()}\n"
    files = {f"{name}/{TEXT}": text.encode() for name, text in texts.items()}
    return Published(folder, published.fresh, texts), files


def _complete(study: Study) -> dict[str, Any]:
    """Return the report of a study.

    Raises: BadInputError if there is none, or replicas are missing.
    """
    place, command = report.folder_of(study), f"{study.experiment.name} --scale {study.scale}"
    facts = study.results.read_json((place / f"{REPORT}.json").relative_to(study.results.root), signed=True)
    if facts is None:
        raise BadInputError(f"{place} holds no report; make one: python -m orchestrator report {command}")
    if facts["missing"]:
        absent = counted(facts["missing"], "replica")
        raise BadInputError(f"{absent} missing in {place}; go on with python -m orchestrator launch {command}")
    return facts


def _of_report(study: Study, page: Rendered, published: Published) -> Files:
    """Return the files of a report that are published, with the figures that the page shows."""
    name, place = study.experiment.name, report.folder_of(study)
    facts = published.fresh[f"{name}/{REPORT}"]
    shown = {target.removeprefix(f"{name}/") for _, target in links(page.text)}
    facts = {**facts, "pictures": [each for each in facts["pictures"] if each["file"] in shown]}
    files = {f"{name}/{each['file']}": (place / each["file"]).read_bytes() for each in facts["pictures"]}
    files[f"{name}/{REPORT}.json"] = sealed(facts, indent=1).encode()
    files[f"{name}/{WORDS}"] = markdown(facts).encode()
    files[f"{name}/{TABLE}"] = (place / TABLE).read_bytes()
    return files


def _written(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Write the files that are new or differ; return a line for each."""
    changed = []
    for name, content in sorted(files.items()):
        file = folder / name
        if not file.is_file() or file.read_bytes() != content:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            changed.append(f"{file} written")
    return changed


def _pruned(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Remove figures that the page does not show; return a line for each."""
    kept = {folder.parent.parent / name for name in files}
    unused = [file for file in sorted(folder.glob("*.svg")) if file not in kept]
    for file in unused:
        file.unlink()
    return [f"{file} removed: no page shows it" for file in unused]
