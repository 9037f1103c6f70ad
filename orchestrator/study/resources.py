"""How many packs run at once, how large they are, and what each asks of Ray; pure."""

from __future__ import annotations

from dataclasses import dataclass

MOST_REPLICAS_CPU = 16  # 9 % faster than 32 where two processes share a cache, docs/results/speed.md
MOST_REPLICAS_GPU = 256
USABLE_GPU_SHARE = 0.8
LEAST_GPU_SHARE = 0.01  # a hundred packs on one GPU; Ray counts in 0.0001


@dataclass(frozen=True)
class Request:
    """What one pack asks Ray for, how many packs fit at once, and how many replicas one pack may hold."""

    cpus: float
    gpus: float
    slots: int
    replicas_per_pack: int


def is_gpu_share(asked: float) -> bool:
    """Say whether Ray can give a pack so much of a GPU: a share of one, or whole ones.

    >>> [is_gpu_share(asked) for asked in (0.25, 2.0, 1.5, 0.0, float("nan"), float("inf"))]
    [True, True, False, False, False, False]
    """
    return LEAST_GPU_SHARE <= asked <= 1 or (1 < asked < float("inf") and asked == int(asked))


def request(
    *,
    cpus: float,
    gpus: float = 0,
    device: str = "cpu",
    replica_mib: float = 0.0,
    gpu_mib: float = 0.0,
    gpus_per_pack: float | None = None,
) -> Request:
    """Return the request on a machine or cluster with so many CPUs and GPUs.

    On CPUs, one pack per core with one thread each. On GPUs, a pack takes the given fraction, or a whole GPU, and as
    many replicas as fit into that fraction of its memory by the family's estimate.
    """
    if device == "cpu":
        return Request(cpus=1, gpus=0, slots=max(int(cpus), 1), replicas_per_pack=MOST_REPLICAS_CPU)
    fraction = gpus_per_pack or 1.0
    per_gpu = max(int(1 / fraction), 1)
    slots = int(gpus) * per_gpu if fraction <= 1 else int(gpus // fraction)
    fitting = int(USABLE_GPU_SHARE * fraction * gpu_mib / replica_mib) if gpu_mib and replica_mib else MOST_REPLICAS_GPU
    return Request(
        cpus=min(1.0, cpus / max(slots, 1)),
        gpus=fraction,
        slots=max(slots, 1),
        replicas_per_pack=min(max(fitting, 2), MOST_REPLICAS_GPU),
    )
