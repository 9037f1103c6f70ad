"""Do generalising networks need the right norm and the right attention, both?

Paper: Grokking as Structural Inference (arXiv 2605.15787), Theorem 4.3, section 6 and Figure 2: weight decay, none, or
the norm of the MLP held at the radius r; no prior, the oracle's, or one that forces attention onto the distractors. The
control with a penalty on W_Q and W_K holds the norm of attention (0.5 (‖W_Q‖² + ‖W_K‖²), its form inferred).
Cost: the laptop scale is 128 replicas, 7½ minutes on 2 CPU cores.
Command: ``python -m orchestrator launch norm_and_structure``
"""

from search_spaces import (
    Claim,
    Experiment,
    SearchSpace,
    ShareWithin,
    laptop,
    only_at,
    paper,
)

RADIUS, PAPER_RADIUS = 34.9, 42.4  # median Frobenius norm of the MLP at grok of pilot seeds
FREE = {"mlp_norm": None, "query_key_penalty": 0.0, "distractors": "random"}
MATCHED = {"weight_decay": 0.0, "query_key_penalty": 0.0, "distractors": "random"}
PRIORS = ("none", "oracle", "adversarial")
SHARES = (0.5, 0.7, 1.4, 2.0)


def _grid(**values: object) -> dict[str, object]:
    axes = {"prior": "none", "weight_decay": 0.0, "mlp_norm": None, "query_key_penalty": 0.0, "distractors": "random"}
    return {**axes, **values}


def _space(radius: float) -> SearchSpace:
    return SearchSpace.union(
        _grid(prior=PRIORS, weight_decay=(0.0, 1.0)),
        _grid(prior=PRIORS, mlp_norm=radius),
        _grid(prior="oracle", mlp_norm=tuple(radius * share for share in SHARES)),
        _grid(prior="adversarial", mlp_norm=radius, query_key_penalty=0.5),
        _grid(distractors="constant", weight_decay=1.0),
        _grid(distractors="constant", mlp_norm=radius),
    )


def _claims(scale: str, radius: float) -> tuple[Claim, ...]:
    return only_at(scale, (*_of_conditions(radius), *_of_radii(radius)))


def _of_conditions(radius: float) -> tuple[Claim, ...]:
    return (
        Claim(
            name="both_suffice",
            statement="With the oracle's prior and weight decay at least half of the runs grok.",
            rule=ShareWithin(where={**FREE, "prior": "oracle", "weight_decay": 1.0}, low=0.5),
        ),
        Claim(
            name="radius_replaces_decay",
            statement="With the oracle's prior and the norm held at r at least half of the runs grok without weight "
            "decay.",
            rule=ShareWithin(where={**MATCHED, "prior": "oracle", "mlp_norm": radius}, low=0.5),
        ),
        Claim(
            name="norm_is_not_enough",
            statement="With the norm held at r and attention forced onto distractors fewer than half of the runs grok.",
            rule=ShareWithin(where={**MATCHED, "prior": "adversarial", "mlp_norm": radius}, high=0.5),
        ),
        Claim(
            name="structure_is_not_enough",
            statement="With the oracle's prior and an unconstrained norm fewer than half of the runs grok.",
            rule=ShareWithin(where={**FREE, "prior": "oracle", "weight_decay": 0.0}, high=0.5),
        ),
        Claim(
            name="attention_norm_does_not_matter",
            statement="Penalising the norms of W_Q and W_K too, attention forced onto distractors still lets fewer "
            "than half of the runs grok.",
            source="arXiv 2605.15787, appendix G.3",
            rule=ShareWithin(where={"prior": "adversarial", "query_key_penalty": 0.5}, high=0.5),
        ),
    )


def _of_radii(radius: float) -> tuple[Claim, ...]:
    return (
        Claim(
            name="small_radius_fails",
            statement="With the oracle's prior and the norm held at half of r fewer than half of the runs grok.",
            source="arXiv 2605.15787, definition 4.1",
            rule=ShareWithin(where={**MATCHED, "prior": "oracle", "mlp_norm": radius * 0.5}, high=0.5),
        ),
        Claim(
            name="large_radius_fails",
            statement="With the oracle's prior and the norm held at twice r fewer than half of the runs grok.",
            source="arXiv 2605.15787, definition 4.1",
            rule=ShareWithin(where={**MATCHED, "prior": "oracle", "mlp_norm": radius * 2}, high=0.5),
        ),
        Claim(
            name="norm_is_enough_without_routing",
            statement="Where distractors are constant tokens, weight decay alone lets at least half of the runs grok.",
            source="this project",
            rule=ShareWithin(where={"distractors": "constant", "weight_decay": 1.0}, low=0.5),
        ),
    )


EXPERIMENT = Experiment(
    name="norm_and_structure",
    question="Which of norm and structure of attention does a network need to generalise?",
    source="arXiv 2605.15787, Theorem 4.3 and Figure 2",
    paper="structural_inference",
    family="kl_prior",
    x="prior",
    measures=("structure_at_grok", "final"),
    curves=("test_accuracy", "attention_kl", "mlp_norm"),
    scales={
        "laptop": laptop(_space(RADIUS), kl_strength=1.0, budget_steps=1200),
        "paper": paper(_space(PAPER_RADIUS), kl_strength=1.0),
    },
    headline={
        "both_suffice": (
            "With the oracle's prior and weight decay networks grok",
            "With the oracle's prior and weight decay fewer than half of the networks grok",
        ),
        "norm_is_not_enough": (
            "with the norm held but attention on the distractors fewer than half do",
            "the norm alone is enough: with attention on the distractors half or more do",
        ),
        "structure_is_not_enough": (
            "with the oracle's prior but a free norm fewer than half do",
            "the oracle's prior alone is enough: with a free norm half or more do",
        ),
    },
    claims=(*_claims("laptop", RADIUS), *_claims("paper", PAPER_RADIUS)),
    pilot=(
        "Pilot seeds 1000 to 1003 with λ = 1, weight decay 1 and random distractors grokked at 410 to 609 with norms "
        "of the MLP of 34.0 to 35.9, median 34.9, which is r; constant distractors without a prior: 29.7 to 30.3. For "
        "the paper scale one pilot seed at p = 113 grokked at 2,979 with 42.4. Rule: a budget of twice the slowest "
        "pilot, which leaves 1,200 steps."
    ),
)
