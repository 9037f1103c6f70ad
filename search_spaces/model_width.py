"""Do wider networks grok sooner?

Paper: Grokking as Structural Inference (arXiv 2605.15787), Figure 9: embeddings of higher dimension learn the
structural solution faster. The widths and the strength of the prior are inferred.
Cost: the laptop scale is 48 replicas, 2½ minutes on 2 CPU cores.
Command: ``python -m orchestrator launch model_width``
"""

from search_spaces import Claim, Experiment, ParameterWithin, SearchSpace, axes, laptop, paper

EXPERIMENT = Experiment(
    name="model_width",
    question="Does the step at which a network groks fall with its width?",
    source="arXiv 2605.15787, appendix F.3 and Figure 9",
    paper="structural_inference",
    family="kl_prior",
    x="width",
    laws=("constant", "inverse", "power", "floor_power"),
    primary_law="power",
    least_memorised=0.8,
    scales={
        "laptop": laptop(
            SearchSpace({"width": axes.WIDTHS_ON_A_LAPTOP}),
            distractors="random",
            kl_strength=1.0,
            weight_decay=1.0,
            budget_steps=2500,
            expected_steps={16: 1100, 24: 1000, 32: 900, 48: 700, 64: 550, 96: 400},
        ),
        "paper": paper(SearchSpace({"width": axes.WIDTHS}), distractors="random", kl_strength=1.0, weight_decay=1.0),
    },
    claims=(
        Claim(
            name="wider_is_sooner",
            statement="The grok step falls with width: the exponent of 1 / width is at least 0.1.",
            rule=ParameterWithin("exponent", low=0.1),
        ),
    ),
    pilot=(
        "Pilot seeds 1000 and 1001 at widths 16, 32 and 96, λ = 1, budget 2,000: 713 and 1,481, 959 and 869, 410 and "
        "380; width 16 memorised at 230 and 420. Rule: six widths over a factor of six at which both pilots grok, and "
        "two thirds more budget than the slowest took."
    ),
)
