"""Arithmetic, permutations or parity, hidden among distractors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainables.family import Member, shared
from trainables.fields.residues import Residues
from trainables.names import part
from trainables.tasks._groups import GROUPS

TASKS = ("addition", "multiplication", "composition", "parity")
MOST_COMBINATIONS = 2**24  # all of them are drawn from at once


@dataclass(frozen=True, kw_only=True)
class Distractors(Residues):
    """What is asked, where its operands stand in a sequence of ``positions`` tokens, and what stands elsewhere."""

    task: str = shared("addition", choices=TASKS)
    distractors: str = shared("random", choices=("random", "constant"))  # inferred: the paper does not say
    routing: str = shared("fixed", choices=("fixed", "moving"))
    positions: int = shared(5, low=4)
    longest: int | None = shared(None, kind=int, optional=True, low=5)  # test at more positions, up to so many
    operands: int = shared(2, low=2, high=4)
    examples: int | None = shared(None, kind=int, optional=True, low=4)  # train and test together; none means all pairs
    bits: int = shared(20, low=4, high=24)  # of parity
    parity_size: int = shared(3, low=1)

    @property
    def number_of_examples(self) -> int:
        """The number of examples, train and test together."""
        return self.examples or self.modulus**2

    @property
    def length(self) -> int:
        """The number of tokens of a training example."""
        return self.bits + 1 if self.task == "parity" else self.positions

    def conditions(self) -> dict[str, bool]:
        """Return each condition on these fields in words, and whether it holds."""
        pairs = self.task == "addition" and self.operands == 2
        sampled = self.task == "parity" or self.operands > 2
        return {
            "routing = moving needs task = addition of two operands and longest = none": self.routing == "fixed"
            or (pairs and self.longest is None),
            f"longest = {self.longest} must be more than positions = {self.positions}": self.longest is None
            or self.longest > self.positions,
            "longest needs task = addition of two operands": self.longest is None or pairs,
            f"operands = {self.operands} needs task = addition and positions >= {2 * self.operands}": (
                self.operands == 2 or (self.task == "addition" and self.positions >= 2 * self.operands)
            ),
            "examples is needed by task = parity and by more than two operands, and by nothing else": sampled
            == (self.examples is not None),
            f"examples must be <= modulus^operands = {self.modulus**self.operands} and that <= {MOST_COMBINATIONS}": (
                self.operands == 2 or (self.examples or 0) <= self.modulus**self.operands <= MOST_COMBINATIONS
            ),
            f"task = composition needs modulus = one of {', '.join(map(str, GROUPS))}, not {self.modulus}": (
                self.task != "composition" or self.modulus in GROUPS
            ),
            f"task = parity needs 2 * parity_size <= bits = {self.bits} and examples <= 2^bits": self.task != "parity"
            or (2 * self.parity_size <= self.bits and (self.examples or 0) <= 2**self.bits),
        }


def task_of(members: Sequence[Member], device: str) -> Any:
    """Return the task of a pack."""
    fields = members[0].config
    common = {
        "train_fraction": fields.train_fraction,
        "data_seeds": [member.data_seed for member in members],
        "device": device,
    }
    if fields.task == "parity":
        return part("trainables.tasks", "sparse_parity")(
            bits=fields.bits, parity_size=fields.parity_size, examples=fields.examples, **common
        )
    common |= {"modulus": fields.modulus, "positions": fields.positions}
    if fields.routing == "moving":
        return part("trainables.tasks", "moving_addition")(**common)
    common |= {"distractors": fields.distractors, "longest": fields.longest}
    if fields.task == "addition":
        return part("trainables.tasks", "modular_addition")(
            operands=fields.operands, examples=fields.examples, **common
        )
    return part("trainables.tasks", "binary_operation")(operation=fields.task, **common)
