"""Does choosing among weights, which themselves never change, make a network that has memorised generalise?

Paper: Bridging Lottery Ticket and Grokking (arXiv 2310.19470), section 5 and Table 1: from a network that has memorised
(step 1,000), scores that keep 0.4 of every matrix are trained instead of the weights (edge-popup), without weight decay
and with weight decay on the scores; test accuracy is compared with that of training the weights on.
Cost: the laptop scale is 40 replicas and 8 parents, 3 minutes on 2 CPU cores.
Command: ``python -m orchestrator launch edge_popup``
"""

from typing import Any

from search_spaces import Claim, Experiment, MeasureChange, MeasureWithin, Recording, Scale, SearchSpace, tickets

KEPT: dict[str, Any] = {"trained": "scores", "ticket": "none", "pruned": 0.6}
WEIGHTS = {"trained": "weights", "ticket": "trained", "pruned": 0.0, "scored": "initial", "weight_decay": 1.0}
WITHOUT, LITTLE, WITH = ({**KEPT, "scored": "parent", "weight_decay": decay} for decay in (0.0, 0.3, 1.0))
FROM_RANDOM = {**KEPT, "scored": "initial", "weight_decay": 1.0}
ACCURACY = "final_test_accuracy"


def _scale(seeds: tuple[int, ...]) -> Scale:
    return Scale(
        space=_space(),
        fields={
            **{"learning_rate": 0.01, "train_fraction": 0.5, "parent_steps": 1050, "parent_at": 1000},
            **{"parent_learning_rate": 1e-3, "parent_weight_decay": 1.0},
        },
        seeds=seeds,
        budget_steps=2000,
    )


def _space() -> SearchSpace:
    return SearchSpace.union(FROM_RANDOM, WITHOUT, LITTLE, WITH, WEIGHTS)


EXPERIMENT = Experiment(
    name="edge_popup",
    question="Does choosing among weights that never change make a network that has memorised generalise?",
    source=f"{tickets.SOURCE}, section 5 and Table 1",
    paper="lottery_tickets",
    family="mlp_addition",
    x="weight_decay",
    threshold=0.95,
    measures=("final",),
    curves=("test_accuracy", "train_accuracy"),
    recording=Recording(end="budget"),
    scales={"laptop": _scale(tuple(range(8))), "paper": _scale((0, 1, 2))},
    headline={
        "scores_with_decay_generalise": (
            "Scores with weight decay make a network that has memorised generalise (test accuracy after 2,000 steps)",
            "Scores with weight decay do not make a network that has memorised generalise (test accuracy)",
        ),
        "decay_helps_scores": (
            "without weight decay they do worse (difference)",
            "without weight decay they do as well (difference)",
        ),
    },
    claims=(
        Claim(
            name="weights_generalise",
            statement="Trained on with weight decay, networks end at a test accuracy of at least 0.95.",
            rule=MeasureWithin(ACCURACY, where=WEIGHTS, low=0.95),
        ),
        Claim(
            name="scores_with_decay_generalise",
            statement="With scores and weight decay on them networks end at a test accuracy of at least 0.95.",
            rule=MeasureWithin(ACCURACY, where=WITH, low=0.95),
        ),
        Claim(
            name="scores_alone_get_far",
            statement="With scores and no weight decay networks end at a test accuracy of at least 0.7.",
            rule=MeasureWithin(ACCURACY, where=WITHOUT, low=0.7),
        ),
        Claim(
            name="decay_helps_scores",
            statement="Weight decay on the scores adds at least 0.05.",
            rule=MeasureChange(ACCURACY, first=WITHOUT, second=WITH, low=0.05),
        ),
        Claim(
            name="random_weights_fail",
            statement="Scores among the initial weights end at a test accuracy of at most 0.5.",
            source="this project; a hypothesis from pilots",
            rule=MeasureWithin(ACCURACY, where=FROM_RANDOM, high=0.5),
        ),
    ),
    pilot=(
        "Four pilot seeds from 1000 on, train fraction .5, from the network at learning rate .001 after 1,000 steps; "
        "test accuracy at steps 600, 1000, 1400, 2000. Weights: about .97, 1, 1, 1. Scores without decay: .58 to .86 "
        "at 600, .66 to .93 at 2,000; with decay: .69 to .99 and .98 to 1. Among random weights none generalised. The "
        "paper's Table 1 has .53, .95, 1, 1 for weights, .68, .80, .84, .92 without and .82, .96, .99, 1 with decay."
    ),
)
