"""The families that users' files have defined in this process; a family's name carries its file (standard library)."""

from __future__ import annotations

from typing import Any

from trainables.family import Family
from trainables.user_code import UserFile

MARK = "@"  # stands in the name of a user's family, and in no other's
_known: dict[str, type[Family]] = {}


class FamilyName(str):
    """The name of a user's family: its network's, and a digest of what decides the numbers.

    It carries the file, so the family can be made wherever the name is unpickled, from the content as it was.
    """

    file: UserFile

    def __new__(cls, name: str, file: UserFile) -> FamilyName:
        """Return a name that carries a file."""
        made = super().__new__(cls, name)
        made.file = file
        return made

    def __reduce__(self) -> Any:
        """Pickle the file with the name; nothing is run when it is unpickled."""
        return FamilyName, (str(self), self.file)


def is_own(name: str) -> bool:
    """Say whether a name is that of a user's family."""
    return MARK in name


def keep(name: str, family: type[Family]) -> None:
    """Keep a family that a user's file has defined."""
    _known[name] = family


def family_of(name: str) -> type[Family]:
    """Return a user's family; its file is run if this process has not run it yet.

    Raises: LookupError when the file cannot be run, defines something else here, or is not known.
    """
    if name not in _known and isinstance(name, FamilyName):
        name.file.run()
        if name not in _known:
            others = ", ".join(_known) or "none"
            raise LookupError(
                f"{name.file.path} does not define {name} here but {others}: it gives other data, or an imported "
                "package is another one than where it was launched"
            )
    if name not in _known:
        raise LookupError(f"family {name} is defined in a user's file; launch that file")
    return _known[name]
