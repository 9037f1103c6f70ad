"""A figure as a small SVG file that is the same each time and turns dark when the page does."""

from __future__ import annotations

import io
import re
from pathlib import Path

from analysis.figures._colours import on_dark
from analysis.figures._lines import thinned
from analysis.figures._matplotlib import Figure

COLOUR = re.compile(r"(fill|stroke): (#[0-9a-f]{6})")
TAG = re.compile(r"<[^!>][^>]*>")
PATH = re.compile(r'(?<= d=")[^"]+')
NUMBER = re.compile(r"-?\d+\.\d{2,}")
FONTS = re.compile(r"font-family: [^;\"]+")
LONG = 80  # characters of a path, from which on a tenth of a point is enough
NOTHING = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def write(figure: Figure, file: Path) -> Path:
    """Write a figure as SVG; return the file."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=NOTHING)
    text = small(buffer.getvalue())
    text = FONTS.sub("font-family: 'DejaVu Sans', Verdana, sans-serif", text)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.replace("</defs>", f"{_dark(text)}</defs>", 1), encoding="utf-8")
    return file


def small(text: str) -> str:
    """Return an SVG whose lines have only the points that can be seen, with at most two decimals."""
    text = PATH.sub(lambda path: _short(thinned(path[0])), text)
    return TAG.sub(lambda tag: NUMBER.sub(lambda number: _rounded(number[0], 2), tag[0]), text)


def _short(path: str) -> str:
    places = 1 if len(path) > LONG else 2
    return re.sub(r"\s*([A-Za-z])\s*", r"\1", NUMBER.sub(lambda number: _rounded(number[0], places), path)).strip()


def _rounded(number: str, places: int) -> str:
    return f"{float(number):.{places}f}".rstrip("0").rstrip(".")


def _dark(text: str) -> str:
    """Return the style sheet that gives every colour of a drawing its second one on a dark page.

    It overrides the colours in the elements, which readers without style sheets show.
    """
    found = sorted({(kind, colour) for kind, colour in COLOUR.findall(text) if on_dark(colour) != colour})
    rules = "".join(f'[style*="{kind}: {colour}"]{{{kind}:{on_dark(colour)}!important}}' for kind, colour in found)
    return f"<style>@media(prefers-color-scheme:dark){{{rules}}}</style>"
