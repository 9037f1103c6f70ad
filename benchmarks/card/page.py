"""The measured figures as a table for a terminal, and the text of the page ``docs/results/gpu.md``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

COLUMNS = {  # section: its columns, the key of each and its heading
    "contracts": {
        "name": "networks",
        "format": "format",
        "loss": "loss",
        "gradients": "gradients",
        "parameters": "parameters",
        "curves": "curves",
        "bounds": "bounds",
        "verdict": "verdict",
        "fault": "fault",
    },
    "ladder": {
        "modulus": "p",
        "format": "format",
        "replicas": "networks in the pack",
        "singly_ms": "singly, ms",
        "graphs_ms": "graphs, ms",
        "times_plain": "times plain",
        "evaluation_ms": "evaluation, ms",
        "fault": "fault",
    },
    "together": {
        "processes": "processes",
        "modulus": "p",
        "replicas": "networks in each pack",
        "replica_steps_per_s": "replica-steps per s",
        "fault": "fault",
    },
    "memory": {
        "name": "networks",
        "replicas": "in the pack",
        "estimate_mib": "estimate, MiB each",
        "singly_mib": "peak singly, MiB each",
        "graphs_mib": "peak with graphs, MiB each",
        "covered": "estimate covers it",
        "fault": "fault",
    },
    "faults": {"section": "section", "fault": "fault"},
}
TITLES = {
    "contracts": "The same numbers as on a CPU",
    "ladder": "Time per replica-step",
    "together": "Packs of one card at once",
    "memory": "Memory against the estimate",
    "faults": "Sections that did not end",
}
WORDS = {
    "contracts": """
Small packs of four networks, six steps, the card against a CPU: the largest relative difference of a loss, of a
gradient tensor of a network, and of a parameter tensor (of a thousandth of the joint norm where its own is smaller).
"Graphs" are steps recorded as CUDA graphs, against single operations. The bounds were fixed before the run, in
`benchmarks/card/contracts.py`.
""",
    "ladder": """
Milliseconds per replica-step (forward, backward and update, no evaluation) by CUDA events, median of five rounds
after a warm-up: the operations of a step sent one by one, and as CUDA graphs. "Times plain": how much faster the
faster of the two is than one `nn.Module` network trained alone on the same card in fp32
(`benchmarks/plain_ray_tune/network.py`). `torch.compile` was not tried.
""",
    "together": """
One pack per process, all at once on one card, without MPS, so that processes take turns; sums over processes.
`--gpus-per-pack 0.25` means four of them.
""",
    "memory": """
Over 12 steps with two evaluations, per network: the family's estimate, by which packs are cut, and the peak of what
PyTorch took from the card, spare blocks and workspaces included.
""",
    "faults": "",
}


def table(section: str, rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as lines for a terminal."""
    columns = COLUMNS[section]
    lines = [list(columns.values()), *([_plain(row.get(key)) for key in columns] for row in rows)]
    used = [place for place in range(len(columns)) if any(line[place] for line in lines[1:])]
    widths = {place: max(len(line[place]) for line in lines) for place in used}
    return "\n".join("  ".join(line[place].ljust(widths[place]) for place in used).rstrip() for line in lines)


def whole(facts: Mapping[str, Any]) -> str:
    """Return all that was measured as text for a terminal."""
    parts = [f"{key}: {value}" for row in facts.get("device", []) for key, value in row.items()]
    for section, rows in _sections(facts):
        parts += ["", TITLES[section], table(section, [row for _, row in rows])]
    lines = facts.get("contracts", [])
    failed = sum(row["verdict"] == "failed" for row in lines)
    parts += ["", f"{len(lines)} lines of contracts, {failed} failed"]
    return "\n".join(parts)


def page(facts: Mapping[str, Any]) -> str:
    """Return the text of the page; every number is a reference to its place in ``gpu.json`` beside the text."""
    named = ", ".join(_reference(f"device.0.{key}", value) for key, value in facts["device"][0].items())
    parts = [
        "# On a GPU\n",
        f"Measured on: {named}; `PYTHONPATH=benchmarks:. python benchmarks/gpu.py --out gpu.json`",
        "([gpu.json](gpu/gpu.json)).\n",
    ]
    for section, rows in _sections(facts):
        columns = {key: title for key, title in COLUMNS[section].items() if any(key in row for _, row in rows)}
        parts += [f"## {TITLES[section]}", WORDS[section].strip() + "\n"]
        parts += [f"| {' | '.join(columns.values())} |", "|" + "---|" * len(columns)]
        for path, row in rows:
            cells = [_reference(f"{path}.{key}", row.get(key)) for key in columns]
            parts.append(f"| {' | '.join(cells)} |")
        parts.append("")
    return "\n".join(parts)


def _sections(facts: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, Mapping[str, Any]]]]]:
    """Return the sections that have rows, each row with its path; the ladders make one."""
    found = []
    for section in COLUMNS:
        parts = [name for name in facts if name.split("_")[0] == section]
        rows = [(f"{name}.{place}", row) for name in parts for place, row in enumerate(facts[name])]
        if rows:
            found.append((section, rows))
    return found


def _reference(path: str, value: Any) -> str:
    return "" if value is None else f"{{{{gpu:{path}}}}}"


def _plain(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else ("" if value is None else str(value))
