"""Do masks from the start, before any training, make a network grok as a ticket's does?

Paper: Bridging Lottery Ticket and Grokking (arXiv 2310.19470), section 4.2: with SNIP, GraSP and SynFlow networks do
not grok sooner than the whole one. Text and public code differ in the rounds of SynFlow: both are run.
Cost: the laptop scale is 64 replicas and 8 parents, 5 minutes on 2 CPU cores.
Command: ``python -m orchestrator launch pruning_at_initialization``
"""

from typing import Any

from search_spaces import (
    Claim,
    Experiment,
    RatioWithin,
    SearchSpace,
    ShareWithin,
    only_at,
    tickets,
)

METHODS = {"snip": "SNIP", "grasp": "GraSP", "synflow": "SynFlow, 100 rounds", "random": "random places"}


def _at_start(method: str, rounds: int = 100) -> dict[str, Any]:
    return {**tickets.arm(start_mask=method), "synflow_rounds": rounds}


def _space(at: int | None) -> SearchSpace:
    others = ({**each, "synflow_rounds": 100} for each in (tickets.DENSE, tickets.ticket(at=at)))
    return SearchSpace.union(*others, *map(_at_start, METHODS), _at_start("magnitude"), _at_start("synflow", 1))


def _claims(scale: str, at: int | None) -> tuple[Claim, ...]:
    taken, whole = ({**each, "synflow_rounds": 100} for each in (tickets.ticket(at=at), tickets.DENSE))
    made = (
        *(
            Claim(
                name=f"{method}_is_later_than_a_ticket",
                statement=f"With a mask from the start a network groks at least a quarter later than the ticket: "
                f"{told}.",
                rule=RatioWithin(first=taken, second=_at_start(method), low=1.25),
            )
            for method, told in METHODS.items()
        ),
        *(
            Claim(
                name=f"{method}_fails",
                statement=f"Fewer than half of the networks with such a mask grok: {told}.",
                source="this project; a hypothesis from pilots",
                rule=ShareWithin(where=_at_start(method), high=0.5),
            )
            for method, told in METHODS.items()
        ),
        Claim(
            name="one_round_of_synflow_is_no_better",
            statement="SynFlow in one round, as in the public code, groks no sooner than the whole network.",
            rule=RatioWithin(first=whole, second=_at_start("synflow", 1), low=1.0),
        ),
    )
    return only_at(scale, made)


EXPERIMENT = Experiment(
    name="pruning_at_initialization",
    question="Do masks from the start, before any training, make a network grok as soon as a ticket does?",
    source=f"{tickets.SOURCE}, section 4.2",
    paper="lottery_tickets",
    family="mlp_addition",
    x="start_mask",
    threshold=0.95,
    least_memorised=0.8,
    measures=("final",),
    scales={"laptop": tickets.laptop(_space(tickets.TAKEN)), "paper": tickets.paper(_space(tickets.PAPER_TAKEN))},
    headline={
        "snip_fails": (
            "With SNIP's mask fewer than half of the networks grok",
            "With SNIP's mask half of the networks or more grok",
        ),
        "grasp_fails": ("with GraSP's fewer than half", "with GraSP's half or more"),
        "synflow_fails": ("with SynFlow's fewer than half", "with SynFlow's half or more"),
    },
    claims=(*_claims("laptop", tickets.TAKEN), *_claims("paper", tickets.PAPER_TAKEN)),
    pilot=(
        f"{tickets.PILOTS} SNIP, GraSP and SynFlow with .6 pruned: none by 2,500. Tickets taken at step 2,000: 1254, "
        "517, 1412, 502."
    ),
)
