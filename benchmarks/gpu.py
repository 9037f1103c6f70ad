"""What a pack does on one accelerator card: contracts against the CPU, times, packs at once, memory.

``PYTHONPATH=benchmarks:. python benchmarks/gpu.py --out gpu.json`` measures (6 minutes at most; torch and numpy alone
are needed), ``--device cpu --smoke`` tries it without a card, and ``--page gpu.json > docs/results/gpu/page.md.in``
makes the text of the page beside ``docs/results/gpu/gpu.json``; ``python -m orchestrator publish`` renders it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from card import sections
from card.page import page, whole


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Run the chosen sections, print each row when it is there, and keep the file of figures up to date."""
    chosen = asked.sections or list(sections.SHARES)
    facts: dict[str, Any] = {**{name: [] for name in chosen}, "faults": []}

    def tell(section: str, row: Any) -> None:
        facts[section].append(row)
        print(section, json.dumps(row), flush=True)
        if asked.out:
            asked.out.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")

    sections.measured(Path(__file__), asked.device, smoke=asked.smoke, minutes=asked.minutes, chosen=chosen, tell=tell)
    return facts


def main() -> None:
    """Measure, or tell one section to the process that asks, or print the page's text."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path)
    options.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    options.add_argument("--smoke", action="store_true", help="tiny networks, to try it without a card")
    options.add_argument("--minutes", type=float, default=6.0)
    options.add_argument("--sections", nargs="*", choices=tuple(sections.SHARES))
    options.add_argument("--page", type=Path)
    options.add_argument("--section", choices=tuple(sections.SHARES), help=argparse.SUPPRESS)
    options.add_argument("--seconds", type=float, default=60.0, help=argparse.SUPPRESS)
    asked = options.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[1]))  # found from wherever it is started, without PYTHONPATH
    if asked.page:
        print(page(json.loads(asked.page.read_text("utf-8"))))
    elif asked.section:
        sections.tell(asked.section, asked.device, asked.smoke, asked.seconds)
    else:
        print(whole(measure(asked)))


if __name__ == "__main__":
    main()
