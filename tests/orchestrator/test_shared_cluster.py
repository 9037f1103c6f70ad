"""All tests that join a running Ray cluster, in one file so that one worker of pytest starts it, once.

Packs share logical GPUs as their fraction says. They compute on the CPU: scheduling is tested, no GPU is needed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import crowd
import pytest
from launches import TINY_SET, facts, flags, points, tiny

from orchestrator.backends import _address, ray_tune
from orchestrator.backends._job import Job
from orchestrator.launch import train
from orchestrator.storage.results import BadInputError
from orchestrator.study.resources import request
from trainables.store import Pace

pytestmark = pytest.mark.ray
# a launch that saves more often than usual
HURRIED = """
import sys
from functools import partial
from orchestrator import launch
from orchestrator.cli import main
from trainables.store import Pace
launch.train = partial(launch.train, pace=Pace(chunk_s=0.1, checkpoint_s=0.1, checkpoint_share=1.0))
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def nodes() -> Iterator[Any]:
    """A Ray cluster of two nodes with one CPU each on this machine; a test that adds a node takes it away again.

    It wants a token, which stands in the environment as a user's own would.
    """
    from ray.cluster_utils import Cluster

    from orchestrator.backends import _private

    with _private.token():
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        cluster.add_node(num_cpus=1)
        try:
            yield cluster
        finally:
            cluster.shutdown()


@pytest.fixture(scope="module")
def cluster(nodes: Any) -> str:
    """The address of that cluster."""
    return str(nodes.address)


def test_ray_gives_the_same_rows_as_this_process(cluster: str, tmp_path: Path) -> None:
    here, there = tiny(tmp_path / "here"), tiny(tmp_path / "there", backend="ray", address=cluster)
    assert train(here, silent=True) and train(there, silent=True)
    assert facts(there) == facts(here)
    assert points(there) == points(here)


def test_a_killed_driver_loses_nothing(cluster: str, tmp_path: Path) -> None:
    changes = (*TINY_SET[:-1], "kl_strength=0.03,1")
    undisturbed = tiny(tmp_path / "undisturbed", budget_steps=1000, changes=changes)
    train(undisturbed, silent=True)
    killed = tiny(tmp_path / "killed", budget_steps=1000, changes=changes, backend="ray", address=cluster)
    words = [sys.executable, "-c", HURRIED, *flags(tmp_path / "killed", budget=1000, changes=changes)]
    with subprocess.Popen([*words, "--address", cluster], stdout=subprocess.DEVNULL, start_new_session=True) as driver:
        while not any(killed.results.root.glob("checkpoints/*/*.pt")):
            with pytest.raises(subprocess.TimeoutExpired):  # it goes on
                driver.wait(timeout=0.05)
        os.killpg(driver.pid, signal.SIGKILL)
    assert any(pack.start_step for pack in killed.plan().packs)
    assert train(killed, silent=True)
    assert facts(killed) == facts(undisturbed)


def test_a_cluster_is_told_from_another_server_of_its_own_kind(cluster: str) -> None:
    import ray

    assert _address.checked(cluster) == cluster
    ray.init(address=cluster, log_to_driver=False)
    raylet = f"{ray.nodes()[0]['NodeManagerAddress']}:{ray.nodes()[0]['NodeManagerPort']}"
    ray.shutdown()
    with pytest.raises(BadInputError, match="another gRPC server"):
        _address.checked(raylet)


@pytest.mark.parametrize("gpu_nodes, per_gpu", [(1, 4), (2, 2)])
def test_exactly_as_many_packs_share_a_gpu_as_fit_and_the_next_one_waits(
    nodes: Any, tmp_path: Path, gpu_nodes: int, per_gpu: int
) -> None:
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(crowd)  # workers do not find the tests' modules
    added = [nodes.add_node(num_cpus=2, num_gpus=1) for _ in range(gpu_nodes)]
    try:
        nodes.wait_for_nodes()
        at_once = per_gpu * gpu_nodes
        made = tiny(tmp_path, seeds=at_once, budget_steps=20)
        asked = request(cpus=2 * gpu_nodes, gpus=gpu_nodes, device="cuda", gpus_per_pack=1 / per_gpu)
        assert asked.slots == at_once
        plan = made.plan(replace(asked, replicas_per_pack=2))
        assert len(plan.packs) > at_once
        results = crowd.Crowd(made.results.root, wanted=at_once)
        for folder in ("here", "counts"):
            (tmp_path / folder).mkdir()
        # twice the slots: Ray's count of GPUs has to hold packs back, not Tune's limit
        ray_tune.run(
            Job(
                plan,
                results,
                replace(asked, slots=2 * at_once),
                "cpu",
                lambda facts: None,
                nodes.address,
                Pace(chunk_s=0),
            )
        )
    finally:
        cloudpickle.unregister_pickle_by_value(crowd)
        for node in added:
            nodes.remove_node(node)
    counts = [json.loads(file.read_text()) for file in (tmp_path / "counts").iterdir() if file.name != "first"]
    assert made.rows().height == len(plan.replicas) and len(counts) == len(plan.packs)
    assert max(max(each.values()) for each in counts) == per_gpu
    assert max(sum(each.values()) for each in counts) == at_once
