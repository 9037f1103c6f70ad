"""Numbers that people write into names of files and folders: wd=0.3, lr_1e-3, wd0p1; none is mistaken for another."""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrator.fit.cells import number

DATE = r"(?:19|20)[0-9]{2}(?:-[0-9]{2}-[0-9]{2}|[0-9]{4})"
STAMP = re.compile(  # a date, a time of the day, or both
    rf"(?<![0-9]){DATE}(?:[-_T ]?[0-9]{{2}}[-:]?[0-9]{{2}}[-:]?[0-9]{{2}})?(?![0-9])"
    r"|(?<![0-9-])[0-9]{2}[-:][0-9]{2}[-:][0-9]{2}(?![0-9-])"
)
POINT_IN_LETTERS = re.compile(r"([+-]?[0-9]+)(?:p|pt)([0-9]+)(?=$|[eE])")  # 0p1
MINUS_IN_LETTERS = re.compile(r"(?<=[0-9])[eE]m(?=[0-9]+$)")  # 1em3
TWO_NUMBERS = re.compile(r"([+-]?[0-9]+)([_,-])([0-9]+)")  # 1_5, which may be 1.5, or 1 and a counter
AS_TEXT = re.compile(r"[+-]?[0-9.]+[_,-]([0-9]+)")  # 0.1_2: a number with its point, and a counter
GOES_ON = re.compile(r"[A-Za-z][_-]$")  # before a field that only ends a longer name, as lr ends max_lr
END = r"(?=[_,;&\s+-]+[A-Za-z]|[;&\s()\[\]{}/\\]|[_,-]*$)"


class UnclearNameError(ValueError):
    """A name holds no number that can be read in one way only; the message says what was read."""


def value_in(
    field: str, text: str, others: Sequence[str] = (), *, counted: bool = False
) -> tuple[float | str, str] | None:
    """Return what a name says about a field, as a number if it is one, and the piece that says so; None if nothing.

    ``others``: further fields that may follow without a separator, as in ``wd0.1seed3``. ``counted``: the field is a
    counter such as a seed, which may be written as 03. Text counts only after = and :, unless no name says more.

    >>> value_in("wd", "wd=0.3_seed=2"), value_in("wd", "wd0p1_seed3"), value_in("lr", "lr_1e-3-seed_7")
    ((0.3, 'wd=0.3'), (0.1, 'wd0p1'), (0.001, 'lr_1e-3'))
    >>> value_in("wd", "lr=1"), value_in("kind", "kind=adam,wd=1")
    (None, ('adam', 'kind=adam'))

    Raises: UnclearNameError if it can be read in two ways.
    """
    said = _said(field, STAMP.sub("", text).rstrip("_-, "), others, counted)
    found = next((kind for kind in said if kind), [])
    if len({value for value, _ in found}) > 1:
        raise UnclearNameError(f"{' and '.join(repr(piece) for _, piece in found)} say different things about {field}")
    return found[0] if found else None


def _said(field: str, text: str, others: Sequence[str], counted: bool) -> list[list[tuple[float | str, str]]]:
    """Return what a name says about a field: numbers, text after = or :, other words; first where no name continues."""
    spelled = re.escape(field).replace("_", "[_ -]?").replace(r"\-", "[_ -]?")
    pattern = rf"(?<![A-Za-z0-9])({spelled})(\s*[=:]\s*|--?|__?| |(?=[+.0-9-]))(\S.*?){END}"
    found = list(re.finditer(pattern, text)) or list(re.finditer(pattern, text, re.IGNORECASE))
    kinds: list[list[tuple[float | str, str]]] = [[] for _ in range(6)]
    for match in found:
        value = _value(field, match, text, others, counted)
        word = isinstance(value, str) and not value[:1].isdigit()
        kind = 0 if not word else (2 if match[2].strip() in ("=", ":") else 4)
        goes_on = bool(GOES_ON.search(text[: match.start()]))
        kinds[kind + goes_on].append((value, match[0].rstrip("_-, ")))
    return kinds


def _value(field: str, match: re.Match[str], text: str, others: Sequence[str], counted: bool) -> float | str:
    joiner, token = match[2], match[3].strip()
    for other in others:
        token = re.split(rf"(?<=[0-9]){re.escape(other)}(?=[=_-]?[0-9])", token)[0]
    if joiner == "-" and _joined_otherwise(text, others):
        raise UnclearNameError(f"{match[0]!r} may mean {token} or -{token}; write {field}={token}")
    if joiner == "--":
        token = f"-{token}"
    if two := TWO_NUMBERS.fullmatch(token):
        first, _, second = two.groups()
        raise UnclearNameError(
            f"{match[0]!r} may mean {first}.{second}, or {first} and a counter; write {field}={first}.{second}"
        )
    if re.fullmatch(r"[+-]?0[0-9]+", token) and not counted:
        raise UnclearNameError(f"{match[0]!r} may mean {int(token)} or {token[0]}.{token[1:]}; write the point")
    if counter := AS_TEXT.fullmatch(token):
        token = token[: counter.start(1) - 1]
    plain = MINUS_IN_LETTERS.sub("e-", POINT_IN_LETTERS.sub(r"\1.\2", token))
    found = number(plain)
    return token if found is None else found


def _joined_otherwise(text: str, others: Sequence[str]) -> bool:
    """Return whether the name joins other fields to their numbers by anything but a hyphen."""
    return any(re.search(rf"(?<![A-Za-z0-9]){re.escape(other)}[=_]?[0-9]", text) for other in others)
