"""A folder for results, and its small files: one rule for what is torn, foreign or cannot be written.

A file appears whole or not at all. One that cannot be read is skipped with a note, never deleted; the caller makes it
again or does without.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import time
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from orchestrator.storage.digests import opened, sealed

STALE_S = 3600.0
UNSHOWN = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, bytes that are not UTF-8, other line breaks
Shape = Mapping[str, Any]  # a type or a union of types for each fact that has to be there


class BadInputError(Exception):
    """What the user gave cannot be used; the message says what was given, what is allowed and what to do."""


@dataclass
class Folder:
    """The files under one storage folder, and lines for the user; picklable, so that it can be handed to workers."""

    FOLDERS: ClassVar[tuple[str, ...]] = ()  # what has to be a folder under it, or a link to one

    root: Path
    notes: list[str] = field(default_factory=list)
    told: int = 0

    @classmethod
    def at(cls, storage: str) -> Self:
        """Return the folder at a local path, which need not exist yet; nothing is made.

        Raises: BadInputError in one line for what cannot be a folder.
        """
        return cls(_place(storage))

    def ready(self) -> Self:
        """Make the folder and try a write in it and in each folder under it, which may be a link to another disk.

        Raises: BadInputError that names the folder which cannot be written.
        """
        place = self.root
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for place in self._places():
                probe = place / f".{uuid.uuid4().hex}.part"
                probe.write_bytes(b"")
                probe.unlink()
        except OSError as fault:
            nowhere = ", a link that leads nowhere" if place.is_symlink() and not place.exists() else ""
            raise BadInputError(
                f"storage {place} cannot be written ({fault.strerror}{nowhere}); give another path with --storage"
            ) from None
        return self

    def note(self, line: str) -> None:
        """Keep a line for the user, once."""
        line = " ".join(line.split())
        if line not in self.notes:
            self.notes.append(line)

    def untold(self) -> list[str]:
        """Return the lines that were noted since the last call."""
        new, self.told = self.notes[self.told :], len(self.notes)
        return new

    def files(self, folder: str, suffix: str) -> list[Path]:
        """Return the files (or folders) with a suffix in a folder, sorted; none if there is no such folder.

        Raises: OSError when the folder cannot be listed, or is a link that leads nowhere.
        """
        try:
            names = os.listdir(self.root / folder)
        except FileNotFoundError:
            if (self.root / folder).is_symlink():
                raise
            return []
        return [self.root / folder / name for name in sorted(names) if name.endswith(suffix) and name[0] != "."]

    def read_text(self, path: Path) -> str | None:
        """Return a small text file, named relative to the storage; None if there is none or, noted, it is not text."""
        try:
            return (self.root / path).read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as fault:
            self._skip(path, fault.strerror or fault if isinstance(fault, OSError) else "it is not UTF-8")
            return None

    def read_json(self, path: Path, shape: Shape | None = None, *, signed: bool = False) -> dict[str, Any] | None:
        """Return a small file of facts, named relative to the storage, without its digest; None if there is none.

        One that is torn, altered, foreign or lacks a fact of the shape is None too, with a note: the caller makes it
        again or does without. ``signed``: so is one without a digest.
        """
        text = self.read_text(path)
        if text is None:
            return None
        try:
            facts = json.loads(text)
            if not isinstance(facts, dict):
                raise ValueError("it holds no facts")
            facts = opened(facts, signed=signed)
        except (ValueError, RecursionError) as fault:
            self._skip(path, fault if text else "it is empty")
            return None
        wrong = [name for name, kind in (shape or {}).items() if not isinstance(facts.get(name), kind)]
        if wrong:
            self._skip(path, f"its {', '.join(map(repr, wrong))} cannot be used")
        return None if wrong else facts

    def write_text(self, path: Path, text: str) -> None:
        """Write a text file, named relative to the storage, whole or not at all."""
        self.write(path, text.encode())

    def write_json(self, path: Path, facts: Mapping[str, Any], indent: int | None = None) -> None:
        """Write a small file of facts with their digest, named relative to the storage, whole or not at all."""
        self.write_text(path, sealed(facts, indent))

    def write(self, path: Path, content: bytes) -> None:
        """Write a file, named relative to the storage, whole or not at all; a folder in its place is moved aside.

        Raises: BadInputError for a name that leads out of the storage.
        """
        if path.is_absolute() or ".." in path.parts:
            raise BadInputError(f"{path} lies outside the storage {self.root}; use names without '..' and '/'")
        target = self.root / path
        self.room_for(path)
        hidden = target.parent / f".{uuid.uuid4().hex}.part"
        try:
            with hidden.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            hidden.replace(target)
        except OSError:
            hidden.unlink(missing_ok=True)  # a full disk needs the room
            raise

    def room_for(self, path: Path) -> None:
        """Make the folder for a file that is to be written, and move aside a folder that stands in the file's place."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        if (self.root / path).is_dir():
            self.set_aside(path)

    def set_aside(self, path: Path) -> None:
        """Rename what stands in the place of a file, and note it."""
        target = self.root / path
        if os.path.lexists(target):
            aside = target.with_name(f"{target.name}.aside-{uuid.uuid4().hex[:8]}")
            target.rename(aside)
            self.note(f"{target} could not be used and is now called {aside.name}")

    def forget(self, path: Path) -> None:
        """Remove a file, named relative to the storage, if there is one; never a folder."""
        target = self.root / path
        if not target.is_dir():
            target.unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Remove what killed processes left half-written over an hour ago, behind links to other disks too."""
        folders = [self.root, *(each for each in self.files("", "") if each.is_dir())]
        for file in {file for folder in folders for file in folder.glob("**/.*.part")}:
            self.remove_stale(file)

    def remove_stale(self, file: Path) -> None:
        """Remove a file that was last written over an hour ago; a younger one may be in use, or vanish meanwhile."""
        try:
            if time.time() - file.stat().st_mtime > STALE_S:
                self.forget(file.relative_to(self.root))
        except FileNotFoundError:
            return

    def _places(self) -> list[Path]:
        """Return the storage folder and the existing ones of what has to be a folder under it."""
        return [self.root, *(each for each in self.files("", "") if each.is_dir() or each.name in self.FOLDERS)]

    def _skip(self, path: Path, reason: object) -> None:
        self.note(f"{self.root / path} is skipped: {reason}")


def _place(storage: str) -> Path:
    """Return the folder that a user named.

    Raises: BadInputError in one line for what cannot be a folder.
    """
    if not storage.strip():
        raise BadInputError("storage is empty; give a path, such as ./runs")
    _check_characters(storage)
    if found := re.match(r"(?i)([a-z][a-z0-9+.-]*)://", storage):
        raise BadInputError(f"storage {found[1]}://… is not supported yet; give a local or NFS path, such as ./runs")
    expanded = os.path.expanduser(storage)
    if expanded.startswith("~"):
        user = expanded.split("/")[0]
        raise BadInputError(f"storage {storage}: there is no user {user[1:]!r} here; give another path, or ./{storage}")
    try:
        root = Path(os.path.realpath(expanded))
        _check_folder(root)
    except OSError as fault:
        raise BadInputError(f"storage {storage} cannot be used ({fault.strerror}); give another path") from None
    _check_characters(str(root))
    return root


def _check_characters(path: str) -> None:
    if any(unicodedata.category(character) in UNSHOWN for character in path):
        shown = path.encode("unicode_escape").decode()
        raise BadInputError(f"storage {shown} holds control characters or bytes that are not UTF-8; give another path")


def _check_folder(root: Path) -> None:
    """Look at a folder, or at the first existing one above it.

    Raises: OSError if that is not a folder, cannot be reached, or is a link to itself.
    """
    for folder in (root, *root.parents):
        try:
            mode = folder.stat().st_mode
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        return
