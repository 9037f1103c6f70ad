"""Shared fixtures."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Train with one thread, as packs do."""
    torch.set_num_threads(1)
