"""Is a ticket better the later it is taken?

Paper: Bridging Lottery Ticket and Grokking (arXiv 2310.19470), section 4: tickets of networks that have generalised
grok soonest; those of networks that only memorise do not. One dense run per seed is kept at several steps, and the same
share of its weights is pruned at each.
Cost: the laptop scale is 64 replicas and 8 parents, 4 minutes on 2 CPU cores.
Command: ``python -m orchestrator launch ticket_step``
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

STEPS, PAPER_STEPS = (100, 300, 600, 1000, 1500, 2000, 3000), (2000, 6000, 10_000, 14_000, 18_000, 24_000, 28_000)


def _space(steps: tuple[int, ...]) -> SearchSpace:
    return SearchSpace.union(tickets.DENSE, *(tickets.ticket(at=step) for step in steps))


def _claims(scale: str, steps: tuple[int, ...]) -> tuple[Claim, ...]:
    first, fourth, late, last = steps[0], steps[3], steps[5], steps[6]
    made = (
        Claim(
            name="an_early_ticket_fails",
            statement=f"Taken at step {first:,} fewer than half of the tickets grok.",
            rule=ShareWithin(where=tickets.ticket(at=first), high=0.5),
        ),
        Claim(
            name="a_late_ticket_works",
            statement=f"Taken at step {late:,} at least half of the tickets grok.",
            rule=ShareWithin(where=tickets.ticket(at=late), low=0.5),
        ),
        Claim(
            name="later_is_sooner",
            statement=f"Taken at step {late:,} a ticket groks at least a fifth sooner than taken at {fourth:,}.",
            rule=RatioWithin(first=tickets.ticket(at=fourth), second=tickets.ticket(at=late), high=0.8),
        ),
        Claim(
            name="latest_is_worse",
            statement=f"Taken at step {last:,}, after more weight decay, it groks at least a quarter later than "
            f"taken at {late:,}.",
            source="this project; a hypothesis from pilots",
            rule=RatioWithin(first=tickets.ticket(at=late), second=tickets.ticket(at=last), low=1.25),
        ),
    )
    return only_at(scale, made)


EXPERIMENT = Experiment(
    name="ticket_step",
    question="Is a ticket better the later it is taken of its parent?",
    source=f"{tickets.SOURCE}, section 4",
    paper="lottery_tickets",
    family="mlp_addition",
    x="parent_at",
    threshold=0.95,
    least_memorised=0.8,
    measures=("final",),
    scales={
        "laptop": tickets.laptop(_space(STEPS), parent_steps=3050),
        "paper": tickets.paper(_space(PAPER_STEPS)),
    },
    headline={
        "later_is_sooner": (
            "A ticket that is taken later groks sooner",
            "A ticket that is taken later does not grok a fifth sooner",
        ),
        "latest_is_worse": (
            "one that is taken last is later again",
            "one that is taken last is not a quarter later",
        ),
    },
    claims=(*_claims("laptop", STEPS), *_claims("paper", PAPER_STEPS)),
    pilot=(
        f"{tickets.PILOTS} Tickets with .6 pruned: taken at step 3,000 none of 4 by 2,500; at 2,000 1254, 517, 1412, "
        "502; at 1,500 three of four, at 1,000 and 600 two, at 300 one, at 100 none."
    ),
)
