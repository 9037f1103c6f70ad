"""Scales as people write them in files: axes beside the fields, grids as text, seeds as their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search_spaces._grids import GRID, values_in
from search_spaces._space import MOST_REPLICAS, Scale
from trainables.family import FieldRule

AXES, ALSO, SPACE, SEARCH = "axes", "also", "space", "search"


class MisplacedError(LookupError):
    """What is wrong with a value of a file, in words; ``place``: the keys and indices that lead to it."""

    def __init__(self, place: Sequence[Any], words: str) -> None:
        super().__init__(words)
        self.place = list(place)


def as_read(scale: Any, fields: Mapping[str, FieldRule], place: Sequence[Any] = ()) -> Any:
    """Return a scale of a file in the words of ``Scale``; anything but a mapping unchanged.

    ``fields``: those of the family, whose types decide how texts are read; ``place``: where the scale stands in the
    file.
    Raises: MisplacedError where a text cannot be read.

    >>> as_read({"axes": {"width": [8, 16]}, "seeds": 2, "budget_steps": 9}, {})
    {'seeds': [0, 1], 'budget_steps': 9, 'space': {'axes': {'width': [8, 16]}}, 'fields': {}}
    """
    if not isinstance(scale, Mapping):
        return scale
    if SPACE in scale:
        raise MisplacedError([*place, SPACE], f"write {AXES} and {ALSO} beside fields, not in {SPACE}")
    found = {name: value for name, value in scale.items() if name not in (AXES, ALSO)}
    seeds = scale.get("seeds")
    if isinstance(seeds, int) and not isinstance(seeds, bool) and 0 <= seeds <= MOST_REPLICAS:
        found["seeds"] = list(range(seeds))
    found[SPACE] = {AXES: _grid(scale.get(AXES, {} if SEARCH in scale else None), fields, [*place, AXES])}
    if ALSO in scale:
        found[SPACE][ALSO] = _grids(scale[ALSO], fields, [*place, ALSO])
    return {**found, "fields": scale.get("fields", {})}


def as_written(scale: Scale) -> dict[str, Any]:
    """Return a scale in the words of files, the inverse of ``as_read``, without defaults."""
    seeds = scale.seeds
    told = {
        AXES: scale.space.axes if scale.space.axes or not scale.search else None,
        ALSO: scale.space.also,
        SEARCH: scale.search,
        "fields": scale.fields,
        "seeds": len(seeds) if seeds and seeds == tuple(range(len(seeds))) else seeds,
        "budget_steps": scale.budget_steps,
        "expected_steps": scale.expected_steps,
    }
    always = ("seeds", "budget_steps")
    return {name: value for name, value in told.items() if value or name in always or (name, value) == (AXES, {})}


def _grids(grids: Any, fields: Mapping[str, FieldRule], place: Sequence[Any]) -> Any:
    if not isinstance(grids, list):
        return grids
    return [_grid(grid, fields, [*place, number]) for number, grid in enumerate(grids)]


def _grid(axes: Any, fields: Mapping[str, FieldRule], place: Sequence[Any]) -> Any:
    if not isinstance(axes, Mapping):
        return axes
    return {name: _values(values, fields.get(name), [*place, name]) for name, values in axes.items()}


def _values(values: Any, rule: FieldRule | None, place: Sequence[Any]) -> Any:
    """Return the values of an axis: a text lists them as ``--set`` does, and a list may hold texts of grids."""
    if isinstance(values, str):
        return list(_listed(values, rule, place))
    if not isinstance(values, list) or not any(map(_is_grid, values)):
        return values
    found: list[Any] = []
    for number, value in enumerate(values):
        made = _listed(value, rule, [*place, number]) if _is_grid(value) else (value,)
        found += [each for each in made if each not in found]
    return found


def _listed(text: str, rule: FieldRule | None, place: Sequence[Any]) -> Sequence[object]:
    if rule is None:  # no field of the family, which is said where all fields are looked at
        return (text,)
    if rule.kind in (int, float) and text.count("(") != text.count(")"):
        raise MisplacedError(place, f"{text!r} ends at a comma: within braces or brackets write a grid in quotes")
    try:
        return values_in(text, rule)
    except ValueError as fault:
        raise MisplacedError(place, str(fault)) from None


def _is_grid(value: Any) -> bool:
    """Return whether a value is the text of a grid, or the beginning of one."""
    return isinstance(value, str) and bool(GRID.fullmatch(value.strip()) or GRID.fullmatch(f"{value.strip()})"))
