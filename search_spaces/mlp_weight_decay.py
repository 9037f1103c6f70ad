"""Does an MLP grok after a time that falls as 1 / weight decay?

Paper: the network is that of arXiv 2310.19470, the law equation 5 of arXiv 2605.15787, there for attention.
Cost: the laptop scale is 64 replicas, about 200,000 replica-steps, 6 minutes on 2 CPU cores.
Command: ``python -m orchestrator launch mlp_weight_decay``
"""

from search_spaces import Claim, Experiment, ParameterWithin, Scale, SearchSpace, ShareWithin

SOURCE = "arXiv 2605.15787, equation 5, for the network of arXiv 2310.19470"

EXPERIMENT = Experiment(
    name="mlp_weight_decay",
    question="Does the step at which an MLP groks fall as 1 / weight decay?",
    source=SOURCE,
    family="mlp_addition",
    x="weight_decay",
    laws=("constant", "inverse", "power", "floor_inverse", "floor_power"),
    primary_law="power",
    threshold=0.95,
    least_memorised=0.8,
    curves=("test_accuracy", "test_loss"),
    scales={
        "laptop": Scale(
            space=SearchSpace({"weight_decay": (0.3, 0.4, 0.6, 0.8, 1.25, 2.0, 3.0, 5.0)}),
            fields={"learning_rate": 0.01},
            seeds=tuple(range(8)),
            budget_steps=10_000,
            expected_steps={0.3: 6500, 0.4: 4900, 0.6: 3250, 0.8: 2450, 1.25: 1500, 2.0: 880, 3.0: 560, 5.0: 380},
        ),
        "paper": Scale(
            space=SearchSpace({"weight_decay": (0.1, 0.3, 1.0, 3.0, 10.0)}),
            fields={},
            seeds=(0, 1, 2),
            budget_steps=30_000,
        ),
    },
    claims=(
        Claim(
            name="inverse_weight_decay",
            statement="The grok step falls as 1 / weight decay over all levels.",
            rule=ParameterWithin("exponent", low=0.8, high=1.25),
        ),
        Claim(
            name="inverse_delay",
            statement="The delay after memorisation falls as 1 / weight decay over all levels.",
            rule=ParameterWithin("exponent", quantity="delay", low=0.8, high=1.25),
        ),
        Claim(
            name="all_grok",
            statement="At least nine of ten networks grok within 10,000 steps.",
            source="this project",
            rule=ShareWithin(low=0.9),
            scales=("laptop",),
        ),
    ),
    pilot="Seeds 1000 to 1002, steps of 95 %: 340, 230, 340 at weight decay 5; 609, 310, 520 at 3; 1993, 835, 1735 "
    "at 1; 6779, 3079, 6229 at .3; none by 16,000, 4479, 13,079 at .2. So levels start at .3, with a budget of half as "
    "much again as the slowest pilot there needed.",
)
