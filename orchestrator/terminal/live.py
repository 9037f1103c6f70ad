"""The display of a launch on a terminal: the phase at work, and a table of levels that fits the screen."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, groupby
from typing import TextIO

from rich import live
from rich.console import Console, Group, RenderableType
from rich.text import Text

from orchestrator.terminal.counts import CENSORED, DIVERGED, GROKKED, PARENTS, TRAINING, Counts, Level, duration
from orchestrator.terminal.lines import Lines, size_of

REFRESHES_PER_S = 4
LINES_AROUND = 8  # the phase, headings, the state of the whole, a line or two above
MOST_BAR, LEAST_BAR = 24, 4
NARROW = 56
SHORT_WORDS = {GROKKED: "grok", CENSORED: "cens", DIVERGED: "div", TRAINING: "train"}
FILLING = {GROKKED: ("█", "green"), CENSORED: ("▓", "yellow"), DIVERGED: ("╳", "red"), TRAINING: ("▒", "cyan")}
WAITING = ("░", "dim")
IN_ASCII = str.maketrans({"█": "#", "▓": "=", "╳": "x", "▒": "+", "░": ".", "·": "-", "✓": "*", "λ": "lambda"})


class Live(Lines):
    """The current phase with a spinner, and while training a row per level; each phase leaves a line."""

    def __init__(self, out: TextIO, error: TextIO) -> None:
        super().__init__(out, error)
        self._console = Console(file=out, force_terminal=True, highlight=False, markup=False, emoji=False)
        self._ascii = not (out.encoding or "").lower().startswith("utf")
        self._shown: live.Live | None = None

    @contextlib.contextmanager
    def phase(self, name: str, progress: Counts | None) -> Iterator[None]:
        """Show that a phase is at work, from its beginning to its end."""
        began, turns, mark = time.monotonic(), cycle("|/-\\" if self._ascii else "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"), ""

        def picture() -> RenderableType:
            self._console.size = size_of(self._out)  # it may have been made larger or smaller
            passed = time.monotonic() - began
            line = self._plain(f"{name}  {duration(passed)}" if passed >= 1 else name)
            head = self._row([(self._plain(mark) or next(turns), "green"), " ", line])
            return Group(head, *self._state(progress)) if progress else head

        shown = live.Live(
            console=self._console,
            get_renderable=picture,
            refresh_per_second=REFRESHES_PER_S,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        with shown:
            self._shown = shown
            shown.refresh()
            try:
                yield
                mark = "✓"
            finally:
                mark = mark or "–"
                self._shown = None

    def advance(self, progress: Counts) -> None:
        """Leave the display to the next refresh, a fraction of a second away."""

    def tell(self, line: str) -> None:
        """Print one line above the display; on stderr if that is not a terminal."""
        if self._shown and self._error.isatty():
            self._console.print(Text(line, overflow="fold"))
        else:
            super().tell(line)

    def leave(self) -> None:
        """Show the cursor again."""
        self._console.show_cursor(True)

    def _state(self, progress: Counts) -> Iterator[Text]:
        """Yield a heading, a row per level and the state of the whole."""
        columns, lines = size_of(self._out)
        rows = fitting(progress.levels(), max(lines - LINES_AROUND, 1))
        kinds = [kind for kind in FILLING if kind != DIVERGED or any(row.counts[kind] for row in rows)]
        headings = {kind: _heading(kind, progress.event, wide=columns >= NARROW) for kind in kinds}
        counts = sum(map(len, headings.values()))
        names = [self._plain(row.name) for row in rows]
        label = min(max(map(len, names), default=0), max(columns - counts - 1, 1))
        bar = min(columns - counts - label - 1, MOST_BAR)
        bar = bar if bar >= LEAST_BAR else 0
        left = label + 1 + bar
        title = f"{self._plain(progress.title)[:left]:{left}}"
        yield self._text(title + "".join(headings.values()), "bold")
        for part, members in groupby(rows, key=lambda row: row.part):
            if part:
                yield self._text(part, "italic")
            for row in members:
                numbers = "".join(f"{row.counts[kind]:>{len(word)}}" for kind, word in headings.items())
                filling = [self._text(text, style) for text, style in _bar(row, bar)]
                yield self._row([f"{self._plain(row.name)[:label]:{label}} ", *filling, numbers])
        line = ""
        for word in progress.words():
            if line and len(f"{line} · {word}") > columns:
                yield self._text(line)
                line = word
            else:
                line = f"{line} · {word}" if line else word
        yield self._text(line)

    def _text(self, text: str, style: str = "") -> Text:
        return Text(self._plain(text), style, no_wrap=True, overflow="crop" if self._ascii else "ellipsis")

    def _row(self, parts: Sequence[str | Text | tuple[str, str]]) -> Text:
        return Text.assemble(*parts, no_wrap=True, overflow="crop" if self._ascii else "ellipsis")

    def _plain(self, text: str) -> str:
        return text.translate(IN_ASCII) if self._ascii else text


def _heading(kind: str, event: str, *, wide: bool) -> str:
    """Return the heading of a column of counts; that of replicas that saw the event has the event's name."""
    if kind == GROKKED and event != GROKKED:
        return f"  {event}" if wide else f" {event[:4]}"
    return f"  {kind}" if wide else f" {SHORT_WORDS[kind]}"


def fitting(levels: Sequence[Level], most: int) -> list[Level]:
    """Return rows for a screen with room for so many lines, headings of parts included.

    If there are too many levels, the parts of the space are added up; if that is still too many, those being trained
    are shown and the others added up.
    """
    if len(levels) + len({level.part for level in levels if level.part}) <= most:
        return list(levels)
    names = list(dict.fromkeys(level.name for level in levels))
    merged = [_sum([level for level in levels if level.name == name], name) for name in names]
    if len(merged) <= most:
        return merged
    active = [level for level in merged if level.counts[TRAINING] or level.name == PARENTS][: most - 1]
    others = [level for level in merged if level not in active]
    return [*active, _sum(others, f"{len(others)} others" if active else f"{len(others)} levels")]


def _sum(levels: Sequence[Level], name: str) -> Level:
    made = Level("", name)
    for level in levels:
        made.replicas += level.replicas
        made.counts += level.counts
    return made


def _bar(level: Level, cells: int) -> Iterator[tuple[str, str]]:
    """Yield the parts of a bar, together as many cells as there are."""
    counted = filled = 0
    for kind, (glyph, style) in FILLING.items():
        counted += level.counts[kind]
        end = round(cells * counted / max(level.replicas, 1))
        yield glyph * (end - filled), style
        filled = end
    yield WAITING[0] * (cells - filled), WAITING[1]
