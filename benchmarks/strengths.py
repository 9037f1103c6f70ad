"""The sweep that benchmarks launch: the grok step against the strength of a prior, 6 levels, 8 seeds, 2,000 steps."""

from search_spaces import Claim, DroppingShift, Experiment, FloorShare, ParameterWithin, SearchSpace, axes, laptop

EXPERIMENT = Experiment(
    name="strengths",
    question="How does the step at which a network groks depend on the strength λ of a KL prior on its attention?",
    source="none",
    family="kl_prior",
    x="kl_strength",
    laws=("constant", "inverse", "power", "floor_inverse", "floor_power", "threshold"),
    primary_law="floor_power",
    scales={
        "laptop": laptop(
            SearchSpace({"kl_strength": axes.KL_STRENGTHS_AROUND_THE_FLOOR}),
            distractors="random",
            weight_decay=1.0,
            budget_steps=2000,
        ),
    },
    claims=(
        Claim(
            name="inverse_scaling",
            statement="Above a floor, the grok step falls as C/λ: the exponent of λ is 1.",
            rule=ParameterWithin("exponent", low=0.8, high=1.25),
        ),
        Claim(name="floor", statement="A floor makes up at least half.", rule=FloorShare(low=0.5)),
        Claim(
            name="dropping_censored_runs",
            statement="Dropping the runs that did not grok lowers the exponent by more than 0.1.",
            rule=DroppingShift("exponent", high=-0.1),
        ),
    ),
)
