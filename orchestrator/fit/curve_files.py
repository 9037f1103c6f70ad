"""Which files a pattern means, and what the runs in them are called."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from orchestrator.fit.tables import PACKED_SUFFIXES, SUFFIXES, stem
from orchestrator.storage.results import BadInputError

ENDS = tuple(each + packed for each in SUFFIXES if each != ".json" for packed in ("", *PACKED_SUFFIXES))


def files_of(pattern: str) -> list[Path]:
    """Return the files that a pattern means: an existing path means itself, a folder the tables in it.

    Raises: BadInputError where there is none.
    """
    text = os.path.expanduser(pattern)
    try:
        found = [text] if os.path.lexists(text) else _matches(text)
    except (ValueError, OSError, RecursionError) as fault:
        raise BadInputError(f"no file matches {pattern!r} ({fault})") from None
    files = [Path(each) for each in found if not os.path.isdir(each)]
    files = files or [file for each in found if os.path.isdir(each) for file in _tables_in(Path(each))]
    if not files:
        where = "the folder holds no table" if found else "no file matches"
        raise BadInputError(f"{where}: {pattern}; give a pattern such as 'runs/*.csv' or 'runs/**/metrics.csv'")
    return list(dict.fromkeys(files))


def _matches(pattern: str) -> list[str]:
    """Return what a pattern matches; folders at its beginning that exist are names, as in ``runs [v2]/*.csv``.

    Brackets elsewhere count as names if the pattern matches nothing.
    """
    parts = Path(pattern).parts
    known = next(count for count in range(len(parts), -1, -1) if os.path.lexists(Path(*parts[:count])))
    start = glob.escape(str(Path(*parts[:known])))
    found = glob.glob(os.path.join(start, *parts[known:]), recursive=True)
    return sorted(
        found or glob.glob(os.path.join(start, *(each.replace("[", "[[]") for each in parts[known:])), recursive=True)
    )


def _tables_in(folder: Path) -> list[Path]:
    """Return the tables directly in a folder; if there are none, those in the folders below."""
    here = sorted(file for file in folder.iterdir() if _is_table(file))
    hidden = (file for file in sorted(folder.rglob("*")) if _is_table(file))
    return here or [file for file in hidden if not any(part[0] == "." for part in file.relative_to(folder).parts)]


def _is_table(file: Path) -> bool:
    return file.name.lower().endswith(ENDS) and file.name[0] != "." and file.is_file()


def own_parts(files: Sequence[Path]) -> list[tuple[str, ...]]:
    """Return the parts of each path in which files may differ: below what all share, the last one without suffix.

    >>> own_parts([Path("r/wd=1/progress.csv"), Path("r/wd=2/progress.csv")])
    [('wd=1', 'progress'), ('wd=2', 'progress')]
    """
    shared = len(Path(os.path.commonpath([file.parent for file in files])).parts)
    return [(*file.parent.parts[shared:], stem(file)) for file in files]


def names_of(parts: Sequence[tuple[str, ...]]) -> list[str]:
    """Return a name for each file: its stem if stems differ, else the folders that differ.

    >>> names_of([("wd=1", "progress"), ("wd=2", "progress")]), names_of([("a", "0"), ("a", "1")])
    (['wd=1', 'wd=2'], ['0', '1'])
    """
    stems = [each[-1] for each in parts]
    if len(set(stems)) == len(stems):
        return stems
    if len({len(each) for each in parts}) > 1:
        return ["/".join(each) for each in parts]
    varying = [at for at in range(len(parts[0])) if len({each[at] for each in parts}) > 1]
    return ["/".join(each[at] for at in varying) or "/".join(each) for each in parts]


def own_folders(files: Sequence[Path]) -> list[int]:
    """Return for each file how many of its folders, from the innermost outwards, hold none of the other files."""
    crowd = Counter(folder for file in files for folder in file.parents)
    counts = [[crowd[folder] == 1 for folder in file.parents] for file in files]
    return [alone.index(False) if False in alone else min(len(alone), 1) for alone in counts]
