"""The two sizes at which experiments on modular addition among distractors run.

``laptop`` is the smallest at which prior, weight decay and distractors were seen to decide when a network groks (see
the pilots of ``kl_scaling`` and ``weight_decay_scaling``); ``paper`` has the numbers of arXiv 2605.15787, Table G.2 (p
= 113, train fraction 0.3, seeds 0 to 4, 10,000 steps); its learning rate is inferred, since the text does not give it.
"""

from typing import Any

from search_spaces._space import Scale, SearchSpace

LAPTOP = {"modulus": 67, "train_fraction": 0.4, "learning_rate": 0.01}
PAPER = {"modulus": 113, "train_fraction": 0.3, "learning_rate": 1e-3}
LAPTOP_SEEDS, PAPER_SEEDS, PAPER_BUDGET = tuple(range(8)), tuple(range(5)), 10_000


def laptop(
    space: SearchSpace,
    *,
    budget_steps: int,
    expected_steps: dict[float, int] | None = None,
    seeds: tuple[int, ...] = LAPTOP_SEEDS,
    **fields: Any,
) -> Scale:
    """Return the scale for two CPU cores, with further fields."""
    return Scale(
        space=space,
        fields={**LAPTOP, **fields},
        seeds=seeds,
        budget_steps=budget_steps,
        expected_steps=expected_steps or {},
    )


def paper(space: SearchSpace, **fields: Any) -> Scale:
    """Return the paper's scale, with further fields."""
    return Scale(space=space, fields={**PAPER, **fields}, seeds=PAPER_SEEDS, budget_steps=PAPER_BUDGET)
