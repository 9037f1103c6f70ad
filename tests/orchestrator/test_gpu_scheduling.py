"""Packs share logical GPUs as their fraction says. They compute on the CPU: scheduling is tested, no GPU is needed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import crowd
import pytest
from launches import tiny

from orchestrator.backends import ray_tune
from orchestrator.backends._job import Job
from orchestrator.study.resources import request
from trainables.store import Pace


@pytest.mark.ray
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
