"""Does a prior on attention replace a lottery ticket?

Paper: Grokking as Structural Inference (arXiv 2605.15787), Figure 4: a network with a KL prior groks as soon as a
pruned and rewound one, or sooner. The paper's prior knows the oracle and its ticket does not, so a prior from a teacher
without an oracle is compared too; and a ticket costs the training of its parent, which one of the claims counts.
Cost: the laptop scale is 80 replicas and 16 parents, 5½ minutes on 2 CPU cores.
Command: ``python -m orchestrator launch bayesian_ticket``
"""

from typing import Any

from search_spaces import Claim, Experiment, RatioWithin, SearchSpace, laptop, paper

CONSTANT, RANDOM = {"distractors": "constant"}, {"distractors": "random"}
PARENT_STEPS = 1000
Fields = dict[str, Any]
DENSE: Fields = {"prior": "none", "kl_strength": 0.0, "ticket": "none"}
TICKET, FRESH, SHUFFLED = ({**DENSE, "ticket": kind} for kind in ("rewound", "fresh", "random"))
BAYESIAN: Fields = {"prior": "oracle", "kl_strength": 1.0, "ticket": "none"}
TAUGHT = {**BAYESIAN, "prior": "teacher"}


def _grid(
    prior: str, kl_strength: float, ticket: tuple[str, ...], distractors: tuple[str, ...]
) -> dict[str, tuple[Any, ...]]:
    return {"distractors": distractors, "prior": (prior,), "kl_strength": (kl_strength,), "ticket": ticket}


BOTH_KINDS = ("constant", "random")
SPACE = SearchSpace(
    _grid("none", 0.0, ("none", "rewound"), BOTH_KINDS),
    also=(
        _grid("none", 0.0, ("fresh", "random"), ("constant",)),
        _grid("oracle", 1.0, ("none",), BOTH_KINDS),
        _grid("oracle", 1.0, ("rewound",), ("constant",)),
        _grid("teacher", 1.0, ("none",), ("constant",)),
    ),
)


EXPERIMENT = Experiment(
    name="bayesian_ticket",
    question="Does a KL prior on attention make a network grok as soon as a lottery ticket does?",
    source="arXiv 2605.15787, Figure 4",
    paper="structural_inference",
    family="kl_prior",
    x="ticket",
    measures=("structure_at_grok", "final"),
    scales={
        "laptop": laptop(SPACE, parent_steps=PARENT_STEPS, weight_decay=1.0, budget_steps=1500),
        "paper": paper(SPACE, parent_steps=10_000, weight_decay=1.0),
    },
    headline={
        "prior_beats_ticket_in_routing": (
            "Among random distractors a prior of strength 1 groks sooner than a lottery ticket",
            "Among random distractors a prior of strength 1 does not grok a fifth sooner than a lottery ticket",
        ),
        "prior_matches_ticket": (
            "among constant ones a prior of strength 1 is as soon as a ticket",
            "among constant ones a prior of strength 1 is over a quarter later than a ticket",
        ),
    },
    claims=(
        Claim(
            name="ticket_beats_dense",
            statement="A rewound ticket groks at least a fifth sooner than the whole network (constant distractors, "
            "its parent's steps not counted).",
            rule=RatioWithin(first=DENSE, second=TICKET, where=CONSTANT, high=0.8),
        ),
        Claim(
            name="ticket_pays_for_its_parent",
            statement="With its parent's steps a rewound ticket is later than the whole network.",
            source="this project",
            rule=RatioWithin(first=DENSE, second=TICKET, where=CONSTANT, second_added="parent_steps", low=1.0),
        ),
        Claim(
            name="prior_matches_ticket",
            statement="A prior of strength 1 groks as soon as a rewound ticket or sooner (constant distractors; "
            "within a quarter).",
            rule=RatioWithin(first=TICKET, second=BAYESIAN, where=CONSTANT, high=1.25),
        ),
        Claim(
            name="prior_beats_ticket_in_routing",
            statement="Among random distractors a prior of strength 1 groks at least a fifth sooner than a rewound "
            "ticket.",
            rule=RatioWithin(first=TICKET, second=BAYESIAN, where=RANDOM, high=0.8),
        ),
        Claim(
            name="prior_without_an_oracle_matches_ticket",
            statement="A prior from a teacher without any oracle groks as soon as a rewound ticket or sooner (constant "
            "distractors; within a quarter).",
            source="this project: both from the same parent",
            rule=RatioWithin(first=TICKET, second=TAUGHT, where=CONSTANT, high=1.25),
        ),
        Claim(
            name="mask_matters",
            statement="A random mask of the same density in every tensor groks at least a quarter later than the "
            "ticket's.",
            source="this project",
            rule=RatioWithin(first=TICKET, second=SHUFFLED, where=CONSTANT, low=1.25),
        ),
        Claim(
            name="mask_works_on_fresh_weights",
            statement="The ticket's mask on other initial weights groks at least a fifth sooner than the whole "
            "network.",
            source="arXiv 2605.15787, Figure 4: across random initializations",
            rule=RatioWithin(first=DENSE, second=FRESH, where=CONSTANT, high=0.8),
        ),
        Claim(
            name="prior_adds_to_ticket",
            statement="A ticket with a prior groks at least a fifth sooner than a ticket alone (constant distractors).",
            source="this project",
            rule=RatioWithin(first=TICKET, second={**BAYESIAN, "ticket": "rewound"}, where=CONSTANT, high=0.8),
        ),
    ),
    pilot=(
        "Budget and parent's steps from the pilots of weight_decay_scaling: with constant distractors and weight decay "
        "1 networks grok near 500 to 850 steps, so most parents have grokked after 1,000; among random distractors "
        "none has, which the whole networks of the same seeds show. The share pruned, 0.6, is the default of arXiv "
        "2310.19470. No pilot of tickets."
    ),
)
