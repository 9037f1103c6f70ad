"""Run a user's Python file and take what it defines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from search_spaces._content import content_of
from trainables.user_code import UserFile


def defined_in(path: Path, name: str) -> Any:
    """Return what a Python file defines under a name, None if nothing; what it prints goes to stderr.

    Raises: LookupError with file, line and exception when the file does not run to its end.
    """
    file = UserFile(str(path), content_of(path), os.getcwd())
    module = file.run()
    with file.telling():
        return getattr(module, name, None)
