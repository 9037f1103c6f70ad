"""Shared fixtures."""

from __future__ import annotations

import os

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Train with one thread, as packs do."""
    torch.set_num_threads(1)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a GPU where there is none, and what needs root where we are not."""
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    if item.get_closest_marker("root") and (not hasattr(os, "geteuid") or os.geteuid() != 0):
        pytest.skip("needs root, to act as a second user")
