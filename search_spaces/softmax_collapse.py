"""Do networks without weight decay stay where they are because float32 rounds their gradients to nothing?

Paper: Grokking at the Edge of Numerical Stability (arXiv 2501.04697). Cross-entropy's gradient by the output of the
right class is p - 1, which float32 rounds to 0 once a network is sure; the paper holds that this keeps networks from
grokking without weight decay. Verdicts of ``norm_and_structure`` are about such networks. So they, and more, are
trained with exact and with rounded gradients, and it is asked what they know: the mirror images of the pairs they
were trained on, or more.
Cost: the laptop scale is 96 replicas, 4 minutes on 2 CPU cores.
Command: ``python -m orchestrator launch softmax_collapse``
"""

from typing import Any

from search_spaces import (
    Claim,
    Experiment,
    MeasureChange,
    MeasureWithin,
    Recording,
    SearchSpace,
    ShareWithin,
    laptop,
    only_at,
    paper,
)

RADIUS, PAPER_RADIUS = 34.9, 42.4  # as in norm_and_structure
BOTH = ("exact", "rounded")
FREE: dict[str, Any] = {"optimizer": "adamw", "learning_rate": 0.01, "mlp_norm": None}
WITH_PRIOR = {"prior": "oracle", "kl_strength": 1.0, "distractors": "random"}
WITHOUT = {"prior": "none", "kl_strength": 0.0, "distractors": "constant"}


def _arms(rate: float, radius: float) -> dict[str, dict[str, Any]]:
    """Return the arms by name, at a usual learning rate of AdamW and three times that."""
    free = {**FREE, "learning_rate": rate}
    return {
        "oracle": {**free, **WITH_PRIOR},
        "oracle_fast": {**free, **WITH_PRIOR, "learning_rate": 3 * rate},
        "oracle_held": {**free, **WITH_PRIOR, "mlp_norm": radius},
        "plain": {**free, **WITHOUT},
        "plain_fast": {**free, **WITHOUT, "learning_rate": 3 * rate},
        "plain_sgd": {**free, **WITHOUT, "optimizer": "sgd", "learning_rate": 0.5},
    }


def _space(rate: float, radius: float) -> SearchSpace:
    arms = _arms(rate, radius).values()
    return SearchSpace.union(*({"loss_arithmetic": BOTH, "weight_decay": 0.0, **arm} for arm in arms))


def _claims(scale: str, rate: float, radius: float) -> tuple[Claim, ...]:
    arms = _arms(rate, radius)
    return only_at(scale, (*_of_rounding(arms), *_of_mirror_images(arms["oracle"])))


def _of_rounding(arms: dict[str, dict[str, Any]]) -> tuple[Claim, ...]:
    return (
        *(
            Claim(
                name=f"{name}_does_not_grok",
                statement=f"With exact gradients and no weight decay fewer than half of the runs grok: {told}.",
                rule=ShareWithin(where={**arms[name], "loss_arithmetic": "exact"}, high=0.5),
            )
            for name, told in {
                "oracle": "the oracle's prior and a free norm",
                "oracle_held": "the oracle's prior and the norm of the MLP held at r",
                "plain": "constant distractors and no prior",
            }.items()
        ),
        Claim(
            name="collapse_is_seen",
            statement="At three times the usual learning rate, with constant distractors, rounding leaves at least 2 % "
            "of the training examples without a gradient by the right class.",
            rule=MeasureWithin(
                "final_zero_target_gradient_share", where={**arms["plain_fast"], "loss_arithmetic": "rounded"}, low=0.02
            ),
        ),
        Claim(
            name="verdicts_do_not_rest_on_it",
            statement="With the oracle's prior and a free norm, as in norm_and_structure, it leaves at most 1 % so.",
            rule=MeasureWithin(
                "final_zero_target_gradient_share", where={**arms["oracle"], "loss_arithmetic": "rounded"}, high=0.01
            ),
        ),
        *(
            Claim(
                name=f"{name}_rests_where_it_rests",
                statement=f"Rounding changes the last test accuracy by less than 0.02 in the mean over seeds: {told}.",
                rule=MeasureChange(
                    "final_test_accuracy",
                    first={"loss_arithmetic": "exact"},
                    second={"loss_arithmetic": "rounded"},
                    where=arms[name],
                    low=-0.02,
                    high=0.02,
                ),
            )
            for name, told in {"oracle": "the oracle's prior", "plain_fast": "constant distractors, fast"}.items()
        ),
    )


def _of_mirror_images(arm: dict[str, Any]) -> tuple[Claim, ...]:
    where = {**arm, "loss_arithmetic": "exact"}
    return (
        Claim(
            name="knows_mirror_images",
            statement="With the oracle's prior and exact gradients a network ends with an accuracy of at least 0.95 on "
            "mirror images of training pairs.",
            rule=MeasureWithin("final_mirrored_accuracy", where=where, low=0.95),
        ),
        Claim(
            name="knows_nothing_else",
            statement="There it ends with an accuracy of at most 0.05 on all other pairs.",
            rule=MeasureWithin("final_unmirrored_accuracy", where=where, high=0.05),
        ),
    )


EXPERIMENT = Experiment(
    name="softmax_collapse",
    question="Do networks without weight decay fail to grok because float32 rounds their gradients to nothing?",
    source="arXiv 2501.04697, for the networks of arXiv 2605.15787, Theorem 4.3",
    paper="structural_inference",
    family="kl_prior",
    x="learning_rate",
    measures=("zero_gradients", "mirrored_pairs", "final"),
    curves=("test_accuracy", "zero_target_gradient_share", "unmirrored_accuracy"),
    recording=Recording(probes=("zero_gradient_share", "commutativity")),
    scales={
        "laptop": laptop(_space(0.01, RADIUS), budget_steps=1200, seeds=tuple(range(100, 108))),
        "paper": paper(_space(1e-3, PAPER_RADIUS)),
    },
    headline={
        "oracle_does_not_grok": (
            "Without weight decay networks with the oracle's prior do not grok, with exact gradients either",
            "With exact gradients networks with the oracle's prior grok without weight decay",
        ),
        "knows_mirror_images": (
            "they know the mirror images of their training pairs",
            "they do not even know the mirror images of their training pairs",
        ),
        "knows_nothing_else": ("and nothing else", "and more than those"),
    },
    claims=(*_claims("laptop", 0.01, RADIUS), *_claims("paper", 1e-3, PAPER_RADIUS)),
    pilot=(
        "Pilot seeds 1000 to 1002, at most 2,000 steps, no weight decay. Oracle, learning rate .01: training loss 2e-5 "
        "at step 1,500, no example without a gradient in either arithmetic, test accuracy .38 to .39, mirror images "
        "1.00, others 0 to .002. Constant distractors, .01: no more than .002 of the examples; .03: .07 to .15 of them "
        "from step 300 on with rounded gradients and 0 with exact ones, test accuracy .38 to .39 in both. SGD at .5: "
        "none. At .1 AdamW does not memorise. Claims were written after these pilots and before seeds 100 to 107 ran; "
        "the arms of norm_and_structure, with rounded gradients and seeds 0 to 7, were known."
    ),
)
