"""Does a ticket grok sooner because its norm is smaller?

Paper: Bridging Lottery Ticket and Grokking (arXiv 2310.19470), section 4.1 and Figure 6: whole networks whose initial
weights are scaled to the ticket's L1 or L2 norm do not grok as soon as the ticket.
Cost: the laptop scale is 32 replicas and 8 parents, 3 minutes on 2 CPU cores.
Command: ``python -m orchestrator launch norm_controls``
"""

from search_spaces import (
    Claim,
    Experiment,
    RatioWithin,
    Recording,
    SearchSpace,
    only_at,
    tickets,
)

CONTROLS = {"l1_scaled": "L1", "l2_scaled": "L2"}


def _space(at: int | None) -> SearchSpace:
    return SearchSpace.union(tickets.DENSE, *(tickets.ticket(kind, at=at) for kind in ("rewound", *CONTROLS)))


def _claims(scale: str, at: int | None) -> tuple[Claim, ...]:
    made = (
        *(
            Claim(
                name=f"a_ticket_beats_its_{norm.lower()}_control",
                statement=f"The whole network with the ticket's {norm} norm groks at least a quarter later than "
                "the ticket.",
                rule=RatioWithin(first=tickets.ticket(at=at), second=tickets.ticket(kind, at=at), low=1.25),
            )
            for kind, norm in CONTROLS.items()
        ),
        *(
            Claim(
                name=f"a_smaller_{norm.lower()}_norm_helps",
                statement=f"The whole network with the ticket's {norm} norm groks at least a fifth sooner than with "
                "its own.",
                source="this project",
                rule=RatioWithin(first=tickets.DENSE, second=tickets.ticket(kind, at=at), high=0.8),
            )
            for kind, norm in CONTROLS.items()
        ),
    )
    return only_at(scale, made)


EXPERIMENT = Experiment(
    name="norm_controls",
    question="Does a ticket grok sooner because its norm is smaller?",
    source=f"{tickets.SOURCE}, section 4.1 and Figure 6",
    paper="lottery_tickets",
    family="mlp_addition",
    x="ticket",
    threshold=0.95,
    least_memorised=0.8,
    measures=("final",),
    curves=("test_accuracy", "weights_l1", "weights_l2"),
    recording=Recording(probes=("weight_sizes",)),
    scales={"laptop": tickets.laptop(_space(tickets.TAKEN)), "paper": tickets.paper(_space(tickets.PAPER_TAKEN))},
    headline={
        "a_ticket_beats_its_l2_control": (
            "The whole network with the ticket's L2 norm groks later than the ticket",
            "The whole network with the ticket's L2 norm is less than a quarter later than the ticket",
        ),
        "a_ticket_beats_its_l1_control": (
            "with the ticket's L1 norm too",
            "with the ticket's L1 norm it is less than a quarter later",
        ),
    },
    claims=(*_claims("laptop", tickets.TAKEN), *_claims("paper", tickets.PAPER_TAKEN)),
    pilot=(
        f"{tickets.PILOTS} With the L2 norm of a ticket: 2416, 1716, none by 2,500 and 1217, where the whole "
        "networks took 2166, 1040, 1816 and 1516."
    ),
)
