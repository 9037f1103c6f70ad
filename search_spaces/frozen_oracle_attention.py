"""What is left of the delay when attention is right from the start and cannot change?

Paper: Grokking as Structural Inference (arXiv 2605.15787), appendix F.4 and Figure 11. Attention frozen to the oracle
is the limit of a strong prior, so both are compared; what remains should be the wait for the norm.
Cost: the laptop scale is 72 replicas, about 75,000 replica-steps, 4½ minutes on 2 CPU cores.
Command: ``python -m orchestrator launch frozen_oracle_attention``
"""

from search_spaces import Claim, Experiment, ParameterWithin, RatioWithin, SearchSpace, axes, laptop, paper

FROZEN = {"attention": "oracle", "kl_strength": 0.0}
LEARNED = {"attention": "softmax", "kl_strength": 0.0}
GUIDED = {"attention": "softmax", "kl_strength": 10.0}
USUAL_DECAY, ORACLE = {"weight_decay": 1.0}, {"attention": "oracle"}
EQUATION_5 = "arXiv 2605.15787, equation 5"


def _space(weight_decays: tuple[float, ...]) -> SearchSpace:
    return SearchSpace(
        {"attention": ("oracle",), "kl_strength": (0.0,), "weight_decay": weight_decays},
        also=({"attention": ("softmax",), "kl_strength": (0.0, 1.0, 10.0), "weight_decay": (1.0,)},),
    )


EXPERIMENT = Experiment(
    name="frozen_oracle_attention",
    question="Does freezing attention to the oracle remove the delay, and what does the rest depend on?",
    source="arXiv 2605.15787, appendix F.4 and Figure 11",
    paper="structural_inference",
    family="kl_prior",
    x="weight_decay",
    laws=("constant", "inverse", "power", "floor_inverse", "floor_power"),
    primary_law="power",
    least_memorised=0.8,
    scales={
        "laptop": laptop(
            _space((0.25, 0.35, 0.5, 0.7, 1.0, 1.5)),
            distractors="random",
            budget_steps=2500,
            expected_steps={0.25: 1900, 0.35: 1400, 0.5: 950, 0.7: 750, 1.0: 600, 1.5: 450},
        ),
        "paper": paper(_space(axes.WEIGHT_DECAYS), distractors="random"),
    },
    headline={
        "routing_is_the_delay": (
            "Freezing attention to the oracle makes a network grok sooner",
            "Freezing attention to the oracle does not make a network grok a fifth sooner",
        ),
        "the_delay_is_the_norm": (
            "the delay that remains after memorising falls as 1 / weight decay",
            "the delay that remains after memorising does not fall as 1 / weight decay",
        ),
    },
    claims=(
        Claim(
            name="routing_is_the_delay",
            statement="Freezing attention to the oracle shortens the wait by a fifth or more against attention that is "
            "learned without a prior (random distractors).",
            rule=RatioWithin(first=LEARNED, second=FROZEN, where=USUAL_DECAY, high=0.8),
        ),
        Claim(
            name="limit_of_a_strong_prior",
            statement="Frozen attention groks as soon as a prior of strength 10 does, within a quarter.",
            source="this project",
            rule=RatioWithin(first=GUIDED, second=FROZEN, where=USUAL_DECAY, low=0.8, high=1.25),
        ),
        Claim(
            name="the_rest_is_the_norm",
            statement="With attention frozen to the oracle the grok step falls as 1 / weight decay.",
            source=EQUATION_5,
            rule=ParameterWithin("exponent", where=ORACLE, low=0.8, high=1.25),
        ),
        Claim(
            name="the_delay_is_the_norm",
            statement="With attention frozen to the oracle the delay after memorisation falls as 1 / weight decay.",
            source=EQUATION_5,
            rule=ParameterWithin("exponent", where=ORACLE, quantity="delay", low=0.8, high=1.25),
        ),
    ),
    pilot=(
        "Pilot seeds 1000 and 1001 with frozen attention at weight decay .25, .5, 1 and 1.5, budget 2,500: grok steps "
        "of 1,954 and 1,735, 959 and 904, 585 and 530, 430 and 390. Rule: every level within the budget in both "
        "pilots, six levels over a factor of six, as in weight_decay_scaling, to which the exponent can be compared."
    ),
)
