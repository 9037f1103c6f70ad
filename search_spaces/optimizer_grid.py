"""Does the norm contract alike under SGD, AdamW, Muon and Lion, and which of them groks soonest at equal tuning?

Paper: Grokking as Structural Inference (arXiv 2605.15787), definition 3.2 and appendix B. Each optimizer has the
learning rate that was best on pilot seeds, and three weight decays around the rate of contraction of the other
experiments, γ = learning rate · weight decay = 0.01 (SGD around 0.003, above which it unlearns).
Cost: the laptop scale is 96 replicas, 6½ minutes on 2 CPU cores.
Command: ``python -m orchestrator launch optimizer_grid``
"""

from collections.abc import Mapping
from typing import Any

from search_spaces import Claim, EveryWithin, Experiment, MeasureWithin, RatioWithin, Scale, SearchSpace, laptop

RATES = {"adamw": 0.03, "muon": 0.03, "lion": 0.005, "sgd": 0.5}  # best of the pilots
CONTRACTIONS = {"sgd": (0.001, 0.003, 0.006)}
USUAL = (0.005, 0.01, 0.02)
BETA2 = {"lion": 0.99}
TOLD = {"adamw": "AdamW", "muon": "Muon", "lion": "Lion", "sgd": "SGD with momentum"}
Fields = dict[str, Any]


def _arm(optimizer: str, contraction: float, rate: float | None = None) -> Fields:
    """Return the fields of an optimizer at one product of learning rate and weight decay."""
    rate = rate or RATES[optimizer]
    decay = round(contraction / rate, 6)
    return {"optimizer": optimizer, "learning_rate": rate, "weight_decay": decay, "beta2": BETA2.get(optimizer, 0.999)}


def _space(rates: Mapping[str, tuple[float, ...]]) -> SearchSpace:
    arms = [
        _arm(optimizer, contraction, rate)
        for optimizer, each in rates.items()
        for rate in each
        for contraction in CONTRACTIONS.get(optimizer, USUAL)
    ]
    return SearchSpace.union(*arms)


AROUND = {name: (rate / 3, rate, rate * 3) for name, rate in RATES.items()}

EXPERIMENT = Experiment(
    name="optimizer_grid",
    question="Do SGD, AdamW, Muon and Lion contract the norm alike, and which groks soonest at equal tuning?",
    source="arXiv 2605.15787, definition 3.2 and appendix B",
    paper="structural_inference",
    family="kl_prior",
    x="optimizer",
    measures=("plateau", "contraction", "final"),
    curves=("test_accuracy", "mlp_norm"),
    scales={
        "laptop": laptop(
            _space({name: (rate,) for name, rate in RATES.items()}),
            distractors="constant",
            kl_strength=0.0,
            budget_steps=1500,
        ),
        "paper": Scale(
            space=_space(AROUND),
            fields={"modulus": 113, "train_fraction": 0.3, "distractors": "constant", "kl_strength": 0.0},
            seeds=tuple(range(5)),
            budget_steps=10_000,
        ),
    },
    headline={
        "norm_contracts_adamw": (
            "Under AdamW the norm contracts at the rate γ or faster (rate in units of γ)",
            "Under AdamW the norm contracts more slowly than at the rate γ (rate in units of γ)",
        ),
        "norm_contracts_muon": (
            "under Muon it contracts at that rate or faster",
            "under Muon it does not contract at that rate",
        ),
        "muon_as_soon_as_adamw": (
            "Muon groks as soon as AdamW at equal tuning",
            "Muon differs from AdamW by more than a quarter at equal tuning",
        ),
        "lion_as_soon_as_adamw": ("Lion groks as soon as AdamW", "Lion differs from AdamW by more than a quarter"),
    },
    claims=(
        *(
            Claim(
                name=f"norm_contracts_{optimizer}",
                statement="From memorising to grokking or the end ‖θ‖² of the MLP contracts at the rate γ or faster, "
                f"in the mean over weight decays: {told}.",
                rule=MeasureWithin("contraction_rate", where={"optimizer": optimizer}, low=1.0),
            )
            for optimizer, told in TOLD.items()
        ),
        *(
            Claim(
                name=f"proposition_holds_{optimizer}",
                statement="The inequality of the proposition on norm contraction holds from evaluation to evaluation: "
                f"in no run is its worst case on the wrong side ({TOLD[optimizer]}).",
                rule=EveryWithin("contraction_worst", where={"optimizer": optimizer}, low=0.0),
                not_counted="the inequality allows for updates hundreds of times the norm",
            )
            for optimizer in ("adamw", "muon", "lion")
        ),
        *(
            Claim(
                name=f"{optimizer}_as_soon_as_adamw",
                statement=f"{TOLD[optimizer]} groks as soon as AdamW, within a quarter, each at its best learning rate "
                "and γ = 0.01.",
                source="this project",
                rule=RatioWithin(first=_arm("adamw", 0.01), second=_arm(optimizer, 0.01), low=0.8, high=1.25),
            )
            for optimizer in ("muon", "lion")
        ),
    ),
    pilot=(
        "Pilot seed 1000, constant distractors, no prior, 1,500 steps, γ = .01. AdamW: 621 at learning rate .003, "
        "430 at .03, nothing learned at .1. Muon: none at .003, 835 at .01, 552 at .03, none at .1 (test accuracy "
        "0.91). Lion, β₂ = .99: none at .001 to .015, test accuracies of 0.06, 0.69, 0.90 and 0.89 at .001, .002, "
        ".005 and .015. SGD does not memorise at γ = .001 with learning rate .1; with .5 and 2,500 steps it reached "
        "0.43 at γ = .001 and 0.99 at γ = .003. Rule: the rate that grokked first, else the highest test accuracy."
    ),
)
