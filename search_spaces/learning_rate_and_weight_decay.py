"""In which regimes of learning rate and weight decay does a ticket grok sooner than the whole network?

Paper: Bridging Lottery Ticket and Grokking (arXiv 2310.19470), appendix M, has three learning rates and three weight
decays; its text and its table disagree on which of them fail.
Cost: the laptop scale is 144 replicas and 72 parents, 8 minutes on 2 CPU cores.
Command: ``python -m orchestrator launch learning_rate_and_weight_decay``
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

RATES, DECAYS = (0.003, 0.01, 0.03), (0.3, 1.0, 3.0)
PAPER_RATES, PAPER_DECAYS = (1e-4, 1e-3, 1e-2), (0.1, 1.0, 10.0)


def _space(rates: tuple[float, ...], decays: tuple[float, ...], at: int | None) -> SearchSpace:
    regimes = {"learning_rate": rates, "weight_decay": decays}
    return SearchSpace.union(*({**arm, **regimes} for arm in (tickets.DENSE, tickets.ticket(at=at))))


def _regimes(rates: tuple[float, ...], decays: tuple[float, ...]) -> dict[str, dict[str, Any]]:
    pairs = {"usual": (1, 1), "fast": (2, 1), "slow": (0, 2), "strong": (1, 2)}
    return {name: {"learning_rate": rates[i], "weight_decay": decays[j]} for name, (i, j) in pairs.items()}


def _claims(scale: str, rates: tuple[float, ...], decays: tuple[float, ...], at: int | None) -> tuple[Claim, ...]:
    made = (
        *(
            Claim(
                name=f"a_ticket_groks_sooner_{name}",
                statement="A ticket groks at least a fifth sooner than the whole network: learning rate "
                f"{regime['learning_rate']:g}, weight decay {regime['weight_decay']:g}.",
                rule=RatioWithin(first=tickets.DENSE, second=tickets.ticket(at=at), where=regime, high=0.8),
            )
            for name, regime in _regimes(rates, decays).items()
        ),
        Claim(
            name="little_decay_fails",
            statement=f"With weight decay {decays[0]:g} fewer than half of the whole networks grok within the budget, "
            "at three learning rates together.",
            rule=ShareWithin(where={"weight_decay": decays[0], "ticket": "none"}, high=0.5),
        ),
    )
    return only_at(scale, made)


EXPERIMENT = Experiment(
    name="learning_rate_and_weight_decay",
    question="In which regimes of learning rate and weight decay does a ticket grok sooner than the whole network?",
    source=f"{tickets.SOURCE}, appendix M",
    paper="lottery_tickets",
    family="mlp_addition",
    x="weight_decay",
    threshold=0.95,
    measures=("final",),
    scales={
        "laptop": tickets.laptop(_space(RATES, DECAYS, tickets.TAKEN)),
        "paper": tickets.paper(_space(PAPER_RATES, PAPER_DECAYS, tickets.PAPER_TAKEN)),
    },
    headline={
        "a_ticket_groks_sooner_usual": (
            "In the usual regime a ticket groks sooner than the whole network (ratio)",
            "In the usual regime a ticket does not grok a fifth sooner than the whole network (ratio)",
        ),
        "a_ticket_groks_sooner_strong": (
            "with three times the weight decay too",
            "with three times the weight decay it does not",
        ),
    },
    claims=(
        *_claims("laptop", RATES, DECAYS, tickets.TAKEN),
        *_claims("paper", PAPER_RATES, PAPER_DECAYS, tickets.PAPER_TAKEN),
    ),
    pilot=(
        f"{tickets.PILOTS} Tickets were tried at .01 and 1 alone: with .6 pruned, taken at step 2,000, 1254, 517, "
        "1412, 502. In other regimes a ticket is taken at the same step, which is later or earlier for the parent."
    ),
)
