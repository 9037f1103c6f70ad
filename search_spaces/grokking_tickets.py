"""Does a lottery ticket grok sooner than the whole network?

Paper: Bridging Lottery Ticket and Grokking (arXiv 2310.19470), Figure 2: the weights that magnitude pruning keeps of a
network that has generalised, rewound to where they began, generalise soon after they have memorised; random masks do
not. A ticket costs the training of its parent, which one claim counts.
Cost: the laptop scale is 40 replicas and 8 parents, 3 minutes on 2 CPU cores.
Command: ``python -m orchestrator launch grokking_tickets``
"""

from search_spaces import (
    Claim,
    Experiment,
    RatioWithin,
    SearchSpace,
    ShareWithin,
    only_at,
    tickets,
)

KINDS = ("rewound", "fresh", "random", "trained")


def _claims(scale: str, at: int | None) -> tuple[Claim, ...]:
    taken = tickets.ticket(at=at)
    made = (
        Claim(
            name="a_ticket_groks_sooner",
            statement="A rewound ticket groks at least a fifth sooner than the whole network (its parent's steps not "
            "counted).",
            rule=RatioWithin(first=tickets.DENSE, second=taken, high=0.8),
        ),
        Claim(
            name="a_ticket_waits_less",
            statement="Its wait from memorising to grokking is at least a fifth shorter.",
            rule=RatioWithin(first=tickets.DENSE, second=taken, quantity="delay", high=0.8),
        ),
        Claim(
            name="a_ticket_pays_for_its_parent",
            statement="With its parent's steps a ticket is later than the whole network.",
            source="this project",
            rule=RatioWithin(first=tickets.DENSE, second=taken, second_added="parent_steps", low=1.0),
        ),
        Claim(
            name="the_mask_matters",
            statement="A random mask with as many weights of every matrix groks at least a quarter later than the "
            "ticket.",
            rule=RatioWithin(first=taken, second=tickets.ticket("random", at=at), low=1.25),
        ),
        Claim(
            name="the_mask_works_on_fresh_weights",
            statement="The ticket's mask on other initial weights lets at least half of the runs grok.",
            rule=ShareWithin(where=tickets.ticket("fresh", at=at), low=0.5),
        ),
    )
    return only_at(scale, made)


def _space(at: int | None) -> SearchSpace:
    return SearchSpace.union(tickets.DENSE, *(tickets.ticket(kind, at=at) for kind in KINDS))


EXPERIMENT = Experiment(
    name="grokking_tickets",
    question="Does a lottery ticket of a network that has generalised grok sooner than the whole network?",
    source=f"{tickets.SOURCE}, Figure 2",
    paper="lottery_tickets",
    family="mlp_addition",
    x="ticket",
    threshold=0.95,
    least_memorised=0.8,
    measures=("final",),
    scales={"laptop": tickets.laptop(_space(tickets.TAKEN)), "paper": tickets.paper(_space(tickets.PAPER_TAKEN))},
    headline={
        "a_ticket_groks_sooner": (
            "A rewound ticket groks at least a fifth sooner than the whole network (ratio of steps)",
            "A rewound ticket does not grok a fifth sooner than the whole network (ratio of steps)",
        ),
        "the_mask_matters": (
            "a random mask of the same density is later",
            "a random mask of the same density is not a quarter later",
        ),
    },
    claims=(*_claims("laptop", tickets.TAKEN), *_claims("paper", tickets.PAPER_TAKEN)),
    pilot=(
        f"{tickets.PILOTS} Tickets with .6 pruned, taken at step 2,000: 1254, 517, 1412, 502; taken at 3,000, when "
        "weight decay had gone on for longer: none in 4 by 2,500, and with .3 pruned 1516 to 2216. On fresh weights "
        "and with random masks: none. So tickets are taken at 2,000."
    ),
)
