"""Does the delay of grokking fall as 1 / weight decay?

Paper: Grokking as Structural Inference (arXiv 2605.15787), equation 5: the plateau ends when weight decay has shrunk
the norm, after a time proportional to 1 / (learning rate · weight decay). The paper itself never varies weight decay.
Cost: the laptop scale is 56 replicas, about 70,000 replica-steps, 6 minutes on 2 CPU cores.
Command: ``python -m orchestrator launch weight_decay_scaling``
"""

from search_spaces import Claim, Experiment, ParameterWithin, SearchSpace, axes, laptop, paper

SOURCE = "arXiv 2605.15787, equation 5"

EXPERIMENT = Experiment(
    name="weight_decay_scaling",
    question="Does the step at which a network groks fall as 1 / weight decay?",
    source=SOURCE,
    paper="structural_inference",
    family="kl_prior",
    x="weight_decay",
    laws=("constant", "inverse", "power", "floor_inverse", "floor_power", "smoothly_broken_power"),
    primary_law="power",
    least_memorised=0.8,
    scales={
        "laptop": laptop(
            SearchSpace({"weight_decay": axes.WEIGHT_DECAYS_ON_A_LAPTOP}),
            distractors="constant",
            kl_strength=0.0,
            budget_steps=3500,
            expected_steps={0.25: 2350, 0.35: 1650, 0.5: 1200, 0.7: 1000, 1.0: 800, 1.5: 850, 3.0: 1590},
        ),
        "paper": paper(SearchSpace({"weight_decay": axes.WEIGHT_DECAYS}), distractors="constant", kl_strength=0.0),
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
            name="inverse_below_the_bend",
            statement="Below the weight decay at which its benefit ends, the grok step falls as 1 / weight decay.",
            source=f"{SOURCE}; the bend is this project's",
            rule=ParameterWithin("exponent", law="smoothly_broken_power", low=0.8, high=1.25),
        ),
    ),
    pilot=(
        "Pilot seeds 1000 and 1001 at weight decay .1, .15, .2, .3, .5, .8, 1.5 and 3, p = 67, constant distractors, "
        "budget 5,000: grok steps of 4,979+ and 4,379 at .1, about 3,700 at .15, 2,850 at .2, 1,880 at .3, 1,150 at "
        ".5, 840 at .8, 490 and 1,018 at 1.5, 420 and 2,479 at 3. Everything memorised within 90 steps. Levels below "
        ".25 were left out because they cost more than the rest together; 1.5 and 3 stay in although weight decay "
        "stops helping there, since the law is claimed without limits. Random distractors were rejected: at kl 0 they "
        "do not grok within 11,000 steps."
    ),
)
