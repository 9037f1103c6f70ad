"""Shared fixtures."""

from __future__ import annotations

import functools
import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Train with one thread, as packs do."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def one_command_line() -> Iterator[None]:
    """Build the command line once: typer does so at every call, which takes longer than most commands."""
    import typer

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(typer.main, "get_command", functools.cache(typer.main.get_command))
        yield


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of MLflow that holds nothing yet: to make one takes a second."""
    from orchestrator.tracking.mirror import prepare

    prepare()
    from mlflow import MlflowClient

    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{file}").search_experiments(max_results=1)
    return file


@pytest.fixture
def storage(tmp_path: Path, empty_database: Path) -> Path:
    """A folder for results that has such a database already."""
    shutil.copy(empty_database, tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def mirrored_in_this_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mirror launches to MLflow without a process of its own, which would import it once per launch."""
    if request.node.get_closest_marker("companion"):
        return
    from orchestrator.tracking.companion import Companion
    from orchestrator.tracking.database import DATABASE
    from orchestrator.tracking.mirror import prepare, reason_not

    def finish(beside: Any, facts: Any) -> str | None:
        prepare()
        file = beside._study.results.root / DATABASE
        if not file.exists() and not beside._study.options.tracking_uri:
            _copied(request.getfixturevalue("empty_database"), file)
        return reason_not(beside._study, facts, lambda: None)

    monkeypatch.setattr(Companion, "observe", lambda beside, facts: None)
    monkeypatch.setattr(Companion, "finish", finish)


def _copied(source: Path, target: Path) -> None:
    """Copy a file where it can be written; elsewhere MLflow finds out."""
    try:
        shutil.copyfile(source, target)
    except OSError:
        target.unlink(missing_ok=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a GPU where there is none, and what needs root where we are not."""
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    if item.get_closest_marker("root") and (not hasattr(os, "geteuid") or os.geteuid() != 0):
        pytest.skip("needs root, to act as a second user")


def pytest_unconfigure() -> None:
    """Keep pytest from looking for garbage at its end: it does so five times, in all that was loaded, for seconds."""
    gc.freeze()
