"""A cluster of this machine is private: a driver with another token or none, and another user, stay outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.ray
NOBODY = 65534
# what a launch does before it trains, in a process of its own
STARTED = """
import json, os, sys
from pathlib import Path
from launches import tiny
from orchestrator.backends import _private, ray_tune
from orchestrator.backends._job import Job
from orchestrator.study.resources import request

def told(job, folder):
    import ray
    import psutil  # Ray brings it along
    known = [psutil.Process(), *psutil.Process().children(recursive=True)]
    heard = {each.laddr.ip for one in known for each in one.net_connections("tcp") if each.status == "LISTEN"}
    print(json.dumps({
        "address": ray.get_runtime_context().gcs_address, "folder": folder, "heard": sorted(heard),
        "token": os.environ["RAY_AUTH_TOKEN"], "processes": [one.pid for one in known],
        "words": [word for one in known for word in one.cmdline()],
    }), flush=True)
    sys.stdin.read()

ray_tune.quiet = lambda log: open(os.devnull)
ray_tune._fit, ray_tune._keep_log = told, lambda job, log: None
made = tiny(Path(sys.argv[1]))
made.results.ready()
ray_tune.run(Job(made.plan(), made.results, request(cpus=1), "cpu", lambda facts: None))
print(json.dumps({name: value for name, value in os.environ.items() if "AUTH" in name}))
"""
# whether the head lets in a driver with each of the tokens
JOINED = """
import json, os, sys
os.environ["RAY_AUTH_MODE"] = "token"
from orchestrator.backends._address import checked
from orchestrator.backends._private import _take_note
from orchestrator.storage.results import BadInputError
for token in sys.argv[2:]:
    os.environ["RAY_AUTH_TOKEN"] = token
    _take_note()
    try:
        checked(sys.argv[1])
        print("joined")
    except BadInputError as fault:
        print(fault)
"""


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1", **more}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    home = tmp_path_factory.mktemp("home")
    words = [sys.executable, "-c", STARTED, str(home / "runs")]
    long = home / ("too long for a socket % " * 5)
    long.mkdir()
    env = environment(HOME=str(home), RAY_AUTH_MODE="disabled", TMPDIR=str(long))
    with subprocess.Popen(words, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as launch:
        assert launch.stdin and launch.stdout
        facts = json.loads(launch.stdout.readline())
        yield {**facts, "home": home}
        launch.stdin.close()
        assert json.loads(launch.stdout.read()) == {"RAY_AUTH_MODE": "disabled"}
    assert not Path(facts["folder"]).exists()


def test_only_the_token_of_the_launch_lets_in(started: dict[str, Any]) -> None:
    words = [sys.executable, "-c", JOINED, started["address"], "0" * 64, started["token"]]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=True)
    refused, joined = done.stdout.splitlines()
    assert "requires a token" in refused and joined == "joined"


def test_the_token_lies_neither_on_disk_nor_on_a_command_line(started: dict[str, Any]) -> None:
    files = [file for place in (started["folder"], started["home"]) for file in Path(place).rglob("*")]
    assert files and not [file for file in files if file.is_file() and started["token"].encode() in file.read_bytes()]
    assert not (started["home"] / ".ray").exists()
    assert started["words"] and not [word for word in started["words"] if started["token"] in word]


def test_every_process_listens_on_loopback_alone(started: dict[str, Any]) -> None:
    assert {address.removeprefix("::ffff:") for address in started["heard"]} == {"127.0.0.1"}


@pytest.mark.root
def test_a_second_user_reads_no_token_and_opens_no_socket(started: dict[str, Any]) -> None:
    def as_nobody(*words: str) -> str:
        done = subprocess.run(words, user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, text=True)
        return done.stdout

    assert as_nobody("cat", "/proc/self/environ")  # the tools are there
    assert not "".join(as_nobody("cat", f"/proc/{process}/environ") for process in started["processes"])
    assert not as_nobody("find", started["folder"], "-mindepth", "1")


@pytest.mark.root
def test_a_second_user_cannot_join(started: dict[str, Any]) -> None:
    become = (
        f"import os, ray, orchestrator.backends._address; os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})"
    )
    words = [sys.executable, "-c", f"{become}\n{JOINED}", started["address"], "0" * 64]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=True)
    assert "requires a token" in done.stdout and "joined" not in done.stdout
