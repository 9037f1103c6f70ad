"""The folder of published results: ``NAME/`` holds what was measured and a text, ``NAME.md`` is the page made of them.

``NAME/page.md.in`` is the text with references, ``NAME/report.json`` with ``replicas.csv`` and ``report.md`` a report,
``NAME/figures/`` the figures that the page shows, any other JSON what else the page quotes. ``README.md`` is
the index; ``PAPER/ledger.json`` and ``PAPER/claims.svg`` are all claims of a paper.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from os.path import normpath
from pathlib import Path
from typing import Any

from orchestrator.reports.references import Rendered, rendered

TEXT, REPORT, INDEX = "page.md.in", "report", "README.md"
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:|#")


@dataclass
class Published:
    """A folder of published results, together with what is about to be written there.

    ``fresh``: facts by their file's name without ending; ``texts``: texts by the name of their page.
    """

    folder: Path
    fresh: dict[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    _read: dict[str, Any] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return the names of the pages that have a text."""
        return sorted({*self.texts, *(file.parent.name for file in self.folder.glob(f"*/{TEXT}"))})

    def reports(self) -> list[str]:
        """Return the names of the experiments that have a report."""
        found = {file.parent.name for file in self.folder.glob(f"*/{REPORT}.json")}
        return sorted(found | {name.split("/")[0] for name in self.fresh if name.endswith(f"/{REPORT}")})

    def facts(self, name: str) -> Any:
        """Return what a file of facts holds, named without its ending: ``kl_scaling/report``.

        Raises: LookupError if there is none that can be read.
        """
        if name in self.fresh:
            return self.fresh[name]
        if name not in self._read:
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise LookupError(f"names a file outside {self.folder}")
            try:
                self._read[name] = json.loads((self.folder / f"{name}.json").read_text("utf-8"))
            except (OSError, ValueError, RecursionError) as fault:
                raise LookupError(f"leads nowhere: {name}.json cannot be read ({type(fault).__name__})") from None
        return self._read[name]

    def text(self, name: str) -> str:
        """Return the text of a page."""
        return self.texts[name] if name in self.texts else (self.folder / name / TEXT).read_text("utf-8")

    def page(self, name: str) -> Rendered:
        """Return a page as rendered from its text and the numbers beside it."""

        def sources(file: str | None) -> Any:
            return self.facts(file if file and "/" in file else f"{name}/{file or REPORT}")

        return rendered(self.text(name), sources)


def links(page: str) -> Iterator[tuple[int, str]]:
    """Yield line and target of every link and picture of a page that leads to a file beside it.

    >>> list(links("[a](b.md) ![c](d/e.svg)\\\\n[f](https://g.h)"))
    [(1, 'b.md'), (1, 'd/e.svg')]
    """
    for number, line in enumerate(page.splitlines(), start=1):
        for link in LINK.finditer(line):
            if not ELSEWHERE.match(link["target"]):
                yield number, link["target"].split("#")[0]


def dead_links(page: Path, text: str, fresh: Collection[str] = ()) -> Iterator[str]:
    """Yield a line for each link of a page that leads to no file; ``fresh``: files that come with it."""
    for number, target in links(text):
        if normpath(page.parent / target) not in fresh and not (page.parent / target).exists():
            yield f"{page}:{number} leads to {target}, which is not there"
