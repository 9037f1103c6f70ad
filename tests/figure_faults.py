"""What is wrong with a drawn figure, found from its artists: nothing in it, text over text, text cut off, too pale."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import combinations
from typing import Any
from unittest import mock

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgba
from matplotlib.text import Text

LEAST_POINTS = 9.0  # of type: 10 px where a figure of 4.8 inches is shown 400 px wide
CURVE, WORDS = 3.0, 4.5  # WCAG contrast: of graphical objects, of text
LEAST_HEIGHT, CURVE_POINTS = 0.8, 20  # inches of axes in which there are curves, lines of more than so many points
SLACK = 1.0  # pixels by which boxes may touch


def drawn(figure: Any) -> tuple[list[str], str]:
    """Return the faults of a figure, a line each, and a hash of its pixels; it is drawn once."""
    texts: list[Any] = []
    plain = Text.draw

    def noted(self: Any, renderer: Any) -> None:
        texts.append(self)
        plain(self, renderer)

    figure.set_dpi(72)
    canvas = FigureCanvasAgg(figure)
    with mock.patch.object(Text, "draw", noted):
        canvas.draw()
    shown = [each for each in texts if each.get_visible() and each.get_text().strip()]
    shown = list({id(each): each for each in shown}.values())  # some are drawn twice while the layout is found
    found = [*_texts(figure, shown), *_axes(figure), *_contrasts(figure, shown)]
    return found, hashlib.sha256(bytes(canvas.buffer_rgba())).hexdigest()


def contrast(colour: Any, ground: Any) -> float:
    """Return the WCAG contrast of a colour, blended by its alpha, with an opaque ground."""
    red, green, blue, alpha = to_rgba(colour)
    below = np.array(to_rgba(ground)[:3])
    over = alpha * np.array([red, green, blue]) + (1 - alpha) * below
    one, other = sorted((_luminance(over), _luminance(below)))
    return (other + 0.05) / (one + 0.05)


def _luminance(rgb: Any) -> float:
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in rgb]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))


def _texts(figure: Any, shown: list[Any]) -> Iterator[str]:
    renderer = figure.canvas.get_renderer()
    boxes = [(each, Text.get_window_extent(each, renderer)) for each in shown]
    page = figure.bbox
    boxes = [(each, box) for each, box in boxes if box.width > 0 and box.overlaps(page)]
    for each, box in boxes:
        if each.get_fontsize() < LEAST_POINTS:
            yield f"small: {each.get_text()!r} has {each.get_fontsize():g} pt"
        if box.x0 < -SLACK or box.y0 < -SLACK or box.x1 > page.x1 + SLACK or box.y1 > page.y1 + SLACK:
            yield f"clipped: {each.get_text()!r}"
    for (one, box), (other, beside) in combinations(boxes, 2):
        across = min(box.x1, beside.x1) - max(box.x0, beside.x0)
        along = min(box.y1, beside.y1) - max(box.y0, beside.y0)
        if across > SLACK and along > 2 * SLACK:
            yield f"overlap: {one.get_text()!r} and {other.get_text()!r}"


def _axes(figure: Any) -> Iterator[str]:
    shown = [axes for axes in figure.axes if axes.get_visible()]
    for axes in shown:
        if not any(_inside(axes, artist) for artist in _artists(axes)):
            yield f"empty: axes {axes.get_title() or axes.get_label() or figure.axes.index(axes)!r}"
    for axes in shown:
        inches = axes.get_position().height * figure.get_figheight()
        if inches < LEAST_HEIGHT and any(len(line.get_xdata(orig=False)) > CURVE_POINTS for line in axes.lines):
            yield f"squashed: {inches:.2f} inches for the curves of {axes.get_title()!r}"
    curves = [line for axes in shown for line in axes.lines if len(line.get_xdata(orig=False)) > 2]
    levels = {float(y) for line in curves for y in np.asarray(line.get_ydata(orig=False), float) if np.isfinite(y)}
    if curves and len(levels) == 1:
        yield f"flat: every curve is {levels.pop():g}"


def _artists(axes: Any) -> list[Any]:
    return [each for each in (*axes.lines, *axes.collections, *axes.patches, *axes.texts) if each.get_visible()]


def _inside(axes: Any, artist: Any) -> bool:
    box = axes.bbox.expanded(1.01, 1.02)
    return any(box.contains(x, y) for x, y in _points(artist))


def _points(artist: Any) -> Any:
    """Return an artist's points in pixels."""
    with np.errstate(all="ignore"):
        if isinstance(artist, Text):
            found = artist.get_transform().transform([artist.get_position()])
        elif hasattr(artist, "get_xydata"):
            found = artist.get_transform().transform(artist.get_xydata())
        elif hasattr(artist, "get_offsets") and len(artist.get_offsets()) and np.any(artist.get_offsets()):
            found = artist.get_offset_transform().transform(artist.get_offsets())
        elif hasattr(artist, "get_paths"):
            paths = [artist.get_transform().transform(path.vertices) for path in artist.get_paths()]
            found = np.concatenate(paths) if paths else np.empty((0, 2))
        else:
            found = artist.get_transform().transform(artist.get_path().vertices)
    found = np.asarray(found, float)
    return found[np.isfinite(found).all(axis=1)]


def _contrasts(figure: Any, shown: list[Any]) -> Iterator[str]:
    for mode, turned in (("light", lambda colour: colour), ("dark", _dark)):
        ground = turned(figure.get_facecolor())
        for axes in figure.axes:
            if not axes.get_visible():
                continue
            for kind, colour in _colours(axes):
                if contrast(turned(colour), ground) < CURVE:
                    yield f"pale: {kind} {to_hex(colour, keep_alpha=True)} in {mode} mode"
        for each in shown:
            below = _below(each)
            ratio = contrast(turned(each.get_color()), ground if below is None else turned(below))
            if ratio < WORDS:
                yield f"pale: text {each.get_text()!r} {to_hex(each.get_color())} in {mode} mode"


def _colours(axes: Any) -> Iterator[tuple[str, Any]]:
    from matplotlib.collections import LineCollection, PathCollection

    for line in axes.lines:
        if line.get_linestyle() not in ("None", "", " ") and line.get_linewidth() > 0:
            yield "line", to_rgba(line.get_color(), line.get_alpha())
        if line.get_marker() not in ("None", "", " ", None):
            yield "marker", to_rgba(line.get_markeredgecolor(), line.get_alpha())
    for each in axes.collections:
        if isinstance(each, LineCollection):
            yield from (("line", colour) for colour in each.get_colors())
        elif isinstance(each, PathCollection):
            yield from (("marker", colour) for colour in each.get_edgecolors())


def _below(text: Any) -> Any:
    """Return the colour of the topmost patch below a text, if there is one."""
    if text.axes is None:
        return None
    point = text.get_transform().transform(text.get_position())
    under = [
        patch
        for patch in text.axes.patches
        if patch.get_fill() and patch.get_zorder() <= text.get_zorder() and patch.contains_point(point)
    ]
    return under[-1].get_facecolor() if under else None


def _dark(colour: Any) -> Any:
    """Return the colour that a figure shows on a dark page."""
    from analysis.figures._colours import on_dark

    return (*to_rgba(on_dark(to_hex(colour)))[:3], to_rgba(colour)[3])
