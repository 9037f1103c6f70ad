"""Where a result comes from: code, versions, machine."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("grokking-laws", "torch", "ray", "polars", "scipy", "mlflow")


@cache
def provenance() -> dict[str, str]:
    """Return commit (``+changes`` where the tree differs from it), versions, Python and platform, as plain text."""
    found = {"commit": _commit(), "python": platform.python_version(), "platform": platform.platform(terse=True)}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _commit() -> str:
    checkout = Path(__file__).parents[2]
    if not (checkout / ".git").exists():
        return "unknown"  # an installed copy may lie in a folder of another repository
    try:
        commit = _git(checkout, "rev-parse", "--short=12", "HEAD")
        return commit + ("+changes" if _git(checkout, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()
