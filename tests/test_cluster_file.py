"""ray_cluster.yaml is what Ray's own check accepts, and names what exists."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

FILE = Path(__file__).parents[1] / "ray_cluster.yaml"
CONFIG = yaml.safe_load(FILE.read_text())


def check(config: dict[str, object]) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    validate_config(prepare_config(copy.deepcopy(config)))


@pytest.mark.ray
def test_rays_schema_accepts_the_file() -> None:
    check(CONFIG)


@pytest.mark.ray
def test_rays_schema_would_refuse_a_typing_error() -> None:
    with pytest.raises(Exception, match="idle_timeout_minute"):
        check({**CONFIG, "idle_timeout_minute": 5})


def test_the_head_trains_nothing_and_nodes_install_from_the_constraints() -> None:
    assert CONFIG["available_node_types"][CONFIG["head_node_type"]]["resources"] == {"CPU": 0}
    assert any("-c constraints.txt" in command for command in CONFIG["setup_commands"])
    starts = [*CONFIG["head_start_ray_commands"], *CONFIG["worker_start_ray_commands"]]
    assert all("RAY_AUTH_MODE=token" in command for command in starts if "ray start" in command)
