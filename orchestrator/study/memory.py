"""Whether the replicas to be trained fit into the memory of this machine, by the families' estimates alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestrator.storage.results import BadInputError
from orchestrator.study.plan import Plan
from orchestrator.study.resources import Request
from trainables.replica import Replica

PROCESS_MIB = 400.0  # of a worker before its first network: Python, PyTorch and Ray, measured with ps
CGROUPS = Path("/sys/fs/cgroup")


def told(plan: Plan, slots: int) -> str | None:
    """Return in one line how much memory training needs and how much is free, None if nothing is left to train.

    Units: GiB.
    """
    if not plan.packs:
        return None
    free, each = available_mib(), _largest(plan.to_train)
    packs = sorted((PROCESS_MIB + len(pack.replicas) * _largest(pack.replicas) for pack in plan.packs), reverse=True)
    needed = sum(packs[:slots])
    line = f"memory: about {_gib(needed)} for {min(slots, len(packs))} packs at once"
    if free is None:
        return line
    if each > free:
        return f"{line}; {_gib(free)} are free here, too little for one network of {_gib(each)}: a launch is refused"
    return f"{line}, {_gib(free)} are free here" + ("; packs are split to fit" if needed > free else "")


def require(plan: Plan, asked: Request, *, gpu_mib: float = 0.0) -> None:
    """Refuse a plan in which a single network is larger than the memory that it will have.

    Raises: BadInputError.
    """
    free, where = available_mib(), "this machine has free"
    if gpu_mib and asked.gpus:
        free, where = gpu_mib * min(asked.gpus, 1.0), "a pack's share of the GPU has"
    each = _largest(plan.to_train)
    if free is not None and each > free:
        raise BadInputError(
            f"one network needs about {_gib(each)}, {where} {_gib(free)}; "
            "make it smaller (width, modulus, examples) or launch where there is more memory"
        )


def available_mib() -> float | None:
    """Return how much memory a process of ours can still take, by the kernel and by its cgroup; None if neither says.

    Units: MiB.
    """
    found = [*_of_kernel(), *_of_cgroup()]
    return min(found) / 2**20 if found else None


def _of_kernel() -> Iterator[int]:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return
    for line in lines:
        if line.startswith("MemAvailable:"):
            yield int(line.split()[1]) * 1024


def _of_cgroup() -> Iterator[int]:
    """Yield what is left of every limit on our cgroup and those above it, of version 2, then of version 1."""
    try:
        own = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in own:
        _, kinds, name = line.split(":", 2)
        version_1 = "memory" in kinds.split(",")
        if kinds and not version_1:
            continue
        top = CGROUPS / "memory" if version_1 else CGROUPS
        limit, used = ("limit_in_bytes", "usage_in_bytes") if version_1 else ("max", "current")
        folder = top / name.strip("/")
        for each in (folder, *folder.parents):
            if each != top and top not in each.parents:
                break
            if (most := _number(each / f"memory.{limit}")) is not None:
                yield max(most - (_number(each / f"memory.{used}") or 0) + _cached(each), 0)


def _cached(folder: Path) -> int:
    """Return the pages of files in a cgroup that the kernel gives up first."""
    try:
        lines = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))


def _number(file: Path) -> int | None:
    try:
        text = file.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def _largest(replicas: Iterable[Replica]) -> float:
    return max((replica.memory_mib for replica in replicas), default=0.0)


def _gib(mib: float) -> str:
    gib = mib / 1024
    return f"{gib:.2g} GiB" if gib < 10 else f"{gib:,.0f} GiB" if gib < 1e6 else f"{gib:.1e} GiB"
