"""The setting of the experiments on lottery tickets, after arXiv 2310.19470 and its public code.

``laptop``: learning rate 0.01, at which whole networks grok within 2,500 steps on pilot seeds; ``paper``: 0.001 and
30,000 steps, seeds 0 to 2. An arm is a ticket, its dense control or a mask from the start; ``pruned`` is the share left
out.
"""

from typing import Any

from search_spaces._space import Scale, SearchSpace

SOURCE = "arXiv 2310.19470"
DENSE: dict[str, Any] = {"ticket": "none", "start_mask": "none", "pruned": 0.6, "parent_at": None}
TAKEN, PAPER_TAKEN = 2000, None  # the step of its parent at which a ticket is taken; none: where it ends
SEEDS = tuple(range(8))
PILOTS = (
    "Pilot seeds 1000 to 1005, 95 % test accuracy. Whole networks, train fraction .4: at learning rate .01 and weight "
    "decay 1 after 2336, 1020, 1886, 1543, 1886 and 1254 steps; at .01 and 3 after 435 to 585; at .03 and 1 after 386 "
    "to 621; at .003 and 3 after 1146 to 2382; at .003 and 1 or .01 and .3 none by 2,500."
)


def arm(**changes: Any) -> dict[str, Any]:
    """Return the fields of an arm that differs so from the whole network."""
    return {**DENSE, **changes}


def ticket(kind: str = "rewound", pruned: float = 0.6, at: int | None = TAKEN) -> dict[str, Any]:
    """Return the fields of a ticket, or of its dense control."""
    return arm(ticket=kind, pruned=pruned, parent_at=at)


def laptop(space: SearchSpace, *, budget_steps: int = 3000, parent_steps: int = 2050, **fields: Any) -> Scale:
    """Return the scale for two CPU cores, with further fields."""
    return Scale(
        space=space,
        fields={"learning_rate": 0.01, "parent_steps": parent_steps, **fields},
        seeds=SEEDS,
        budget_steps=budget_steps,
    )


def paper(space: SearchSpace, **fields: Any) -> Scale:
    """Return the paper's scale, with further fields."""
    return Scale(space=space, fields={"parent_steps": 30_000, **fields}, seeds=(0, 1, 2), budget_steps=30_000)
