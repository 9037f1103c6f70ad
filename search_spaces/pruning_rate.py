"""How does the step at which a ticket groks depend on the share of weights that it leaves out?

Paper: Bridging Lottery Ticket and Grokking (arXiv 2310.19470), Figure 3: tickets grok soonest with 0.6 to 0.7 pruned,
not at all with 0.9, and memorise later the more is pruned.
Cost: the laptop scale is 80 replicas and 8 parents, 5 minutes on 2 CPU cores.
Command: ``python -m orchestrator launch pruning_rate``
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

RATES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def _space(at: int | None) -> SearchSpace:
    return SearchSpace.union(tickets.DENSE, {**tickets.ticket(at=at), "pruned": RATES})


def _claims(scale: str, at: int | None) -> tuple[Claim, ...]:
    made = (
        Claim(
            name="more_pruned_memorises_later",
            statement="The more weights a ticket leaves out, the later it memorises: at 0.8 at least twice as late "
            "as at 0.2.",
            rule=RatioWithin(
                first=tickets.ticket(pruned=0.2, at=at),
                second=tickets.ticket(pruned=0.8, at=at),
                quantity="memorised",
                low=2.0,
            ),
        ),
        Claim(
            name="six_tenths_beat_three_tenths",
            statement="A ticket with 0.6 pruned groks at least a fifth sooner than one with 0.3 pruned.",
            rule=RatioWithin(
                first=tickets.ticket(pruned=0.3, at=at), second=tickets.ticket(pruned=0.6, at=at), high=0.8
            ),
        ),
        Claim(
            name="nine_tenths_fail",
            statement="With 0.9 pruned fewer than half of the tickets grok.",
            rule=ShareWithin(where=tickets.ticket(pruned=0.9, at=at), high=0.5),
        ),
        Claim(
            name="the_best_rate_beats_the_whole",
            statement="A ticket with 0.7 pruned, the paper's best, groks at least a fifth sooner than the whole "
            "network.",
            rule=RatioWithin(first=tickets.DENSE, second=tickets.ticket(pruned=0.7, at=at), high=0.8),
        ),
    )
    return only_at(scale, made)


EXPERIMENT = Experiment(
    name="pruning_rate",
    question="How does the step at which a ticket groks depend on the share of weights that it leaves out?",
    source=f"{tickets.SOURCE}, Figure 3",
    paper="lottery_tickets",
    family="mlp_addition",
    x="pruned",
    threshold=0.95,
    least_memorised=0.8,
    measures=("final",),
    scales={"laptop": tickets.laptop(_space(tickets.TAKEN)), "paper": tickets.paper(_space(tickets.PAPER_TAKEN))},
    headline={
        "more_pruned_memorises_later": (
            "The more weights a ticket leaves out, the later it memorises (0.8 over 0.2)",
            "A ticket that leaves out 0.8 memorises less than twice as late as one that leaves out 0.2",
        ),
        "six_tenths_beat_three_tenths": (
            "with 0.6 pruned it groks sooner than with 0.3",
            "with 0.6 pruned it does not grok a fifth sooner than with 0.3",
        ),
    },
    claims=(*_claims("laptop", tickets.TAKEN), *_claims("paper", tickets.PAPER_TAKEN)),
    pilot=(
        f"{tickets.PILOTS} Memorising took 16, 24, 40, 52, 67 and 131 steps as more was pruned; taken at step 3,000 "
        "no ticket with .6, .7, .8 or .9 pruned grokked by 2,500, taken at 2,000 all with .6 did."
    ),
)
