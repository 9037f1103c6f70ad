"""Modular addition among distractors, attention read at one position, and a prior on where it attends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from trainables.family import Family, Member, Parent, Parts, per_replica, shared
from trainables.names import part

PRIORS = ("oracle", "adversarial", "none", "entropy", "concentration", "score_l1", "teacher")
BETAS = ("beta1", "beta2")
OWN = {"adamw": BETAS, "sgd": ("momentum",), "muon": (*BETAS, "momentum"), "lion": BETAS}  # coefficients of optimizers
PROBES = ("accuracy", "losses", "attention_kl", "attention_mass", "weight_norms")


@dataclass(frozen=True, kw_only=True)
class Config:
    """The paper's setting (arXiv 2605.15787, Table G.2) unless a comment says inferred.

    ``kl_strength`` is the strength λ of whichever ``prior`` is chosen; ``matched`` scales it so that at initialisation
    the gradient on the scores has the norm that the oracle's KL prior has there.
    """

    modulus: int = shared(113, low=2)
    train_fraction: float = shared(0.3, above=0.0, below=1.0)
    distractors: str = shared("random", choices=("random", "constant"))  # inferred: the paper does not say
    prior: str = shared("oracle", choices=PRIORS)
    attention: str = shared("softmax", choices=("softmax", "linear_relu", "oracle"))
    residual: bool = shared(False)
    layer_norm: bool = shared(False)
    init: str = shared("fan_in", choices=("fan_in", "torch"))  # inferred
    width: int = shared(64, low=1)
    routing: str = shared("fixed", choices=("fixed", "moving"))
    positions: int = shared(5, low=4)
    longest: int | None = shared(None, kind=int, optional=True, low=5)  # test at more positions, up to so many
    position_table: str = shared("learned", choices=("learned", "none", "sinusoidal"))
    heads: int = shared(1, low=1)
    matched: bool = shared(False)
    schedule: str = shared("constant", choices=("constant", "annealed", "early", "late"))
    optimizer: str = shared("adamw", choices=("adamw", "sgd", "muon", "lion"))
    kl_strength: float = per_replica(0.0, low=0.0)
    learning_rate: float = per_replica(1e-3, above=0.0)  # inferred: stripped from the text
    weight_decay: float = per_replica(1.0, low=0.0)
    beta1: float = per_replica(0.9, low=0.0, below=1.0)
    beta2: float = per_replica(0.999, low=0.0, below=1.0)
    clip_norm: float | None = per_replica(1.0, kind=float, optional=True, above=0.0)
    warmup_steps: int = per_replica(10, low=0)
    schedule_steps: int = per_replica(0, low=0)
    momentum: float = per_replica(0.9, low=0.0, below=1.0)  # of sgd and muon; inferred
    mlp_norm: float | None = per_replica(None, kind=float, optional=True, above=0.0)  # radius of norm matching
    query_key_penalty: float = per_replica(0.0, low=0.0)
    teacher_steps: int = per_replica(2000, low=1)  # inferred: how long a teacher trains


class KLPrior(Family):
    """One attention layer on modular addition, and a prior of strength λ = kl_strength on its attention."""

    Config: ClassVar[type] = Config
    version: ClassVar[int] = 1
    sources: ClassVar[Mapping[str, str]] = {
        "task: addition modulo p among distractors": "arXiv 2605.15787, Table G.2; distractor tokens inferred",
        "model: one attention layer and a ReLU MLP": "arXiv 2605.15787, Table G.2; initialisation inferred",
        "optimizer: AdamW": "arXiv 1711.05101; coefficients from arXiv 2605.15787, Table G.2, learning rate inferred",
        "intervention: KL prior on attention": "arXiv 2605.15787, Theorem 5.2",
        "probes: accuracy, losses, divergence and mass of attention, norms": "this project",
    }

    @classmethod
    def build(
        cls, members: Sequence[Member], device: str, precision: str = "fp32", probes: Sequence[str] = ()
    ) -> Parts:
        """Return task, model, optimizer, prior and probes of a pack; shared fields are read from the first member."""
        fields = members[0].config
        task = _task(members, fields, device)
        model = _model(task, fields, precision)
        return Parts(
            task=task,
            model=model,
            optimizer=_optimizer(members, fields, device),
            interventions=list(_interventions(members, task, model, device)),
            probes=[part("trainables.probes", probe)() for probe in (*PROBES, *probes)],
        )

    @classmethod
    def parent(cls, config: Any) -> Parent | None:
        """Return the teacher: the same network without any prior, so that no oracle is among its ancestors."""
        if config.prior != "teacher":
            return None
        untaught = {"prior": "none", "kl_strength": 0.0, "matched": False, "schedule": "constant"}
        return Parent({**untaught, "schedule_steps": 0, "teacher_steps": 2000}, config.teacher_steps)

    @classmethod
    def conflicts(cls, config: Any) -> list[str]:
        """Return which fields do not go together."""
        rules = {
            "several heads need attention = softmax and a width that is a multiple of heads": config.heads == 1
            or (config.attention == "softmax" and config.width % config.heads == 0),
            "attention = oracle needs routing = fixed and one head": config.attention != "oracle"
            or (config.routing == "fixed" and config.heads == 1),
            "routing = moving needs distractors = random and longest = none": config.routing == "fixed"
            or (config.distractors == "random" and config.longest is None),
            f"longest = {config.longest} must be more than positions = {config.positions}": config.longest is None
            or config.longest > config.positions,
            f"schedule = {config.schedule} needs schedule_steps >= 1": config.schedule == "constant"
            or config.schedule_steps >= 1,
        }
        return [fault for fault, holds in rules.items() if not holds]

    @classmethod
    def replica_mib(cls, config: Any) -> float:
        """Return an estimate of the peak memory of one replica in MiB: activations of a training and a test pass."""
        examples, hidden, vocabulary = config.modulus**2, 4 * config.width, 2 * config.modulus
        of_attention = config.heads * (vocabulary + 4 * config.positions)
        floats_per_example = 3 * hidden + 3 * config.modulus + 2 * (config.modulus + config.width) + of_attention
        weights = 8 * (config.modulus * config.width + 3 * config.width**2 + hidden * (config.width + config.modulus))
        tokens = 2 * examples * (config.positions + (3 * config.longest if config.longest else 0))
        return float(4 * (examples * floats_per_example + weights + tokens) / 2**20)


def _task(members: Sequence[Member], fields: Any, device: str) -> Any:
    seeds = [member.data_seed for member in members]
    common = {"modulus": fields.modulus, "train_fraction": fields.train_fraction, "positions": fields.positions}
    if fields.routing == "moving":
        return part("trainables.tasks", "moving_addition")(data_seeds=seeds, device=device, **common)
    return part("trainables.tasks", "modular_addition")(
        data_seeds=seeds, device=device, distractors=fields.distractors, longest=fields.longest, **common
    )


def _model(task: Any, fields: Any, precision: str) -> Any:
    kind, more = ("one_layer_attention", {}) if fields.heads == 1 else ("multi_head_attention", {"heads": fields.heads})
    informative = task.train.informative
    return part("trainables.models", kind)(
        vocabulary=task.vocabulary,
        positions=max([task.positions, *task.longer]),
        classes=task.classes,
        query_token=task.query_token,
        informative=informative if isinstance(informative, tuple) else (),
        width=fields.width,
        attention=fields.attention,
        residual=fields.residual,
        layer_norm=fields.layer_norm,
        init=fields.init,
        position_table=fields.position_table,
        precision=precision,
        **more,
    )


def _optimizer(members: Sequence[Member], fields: Any, device: str) -> Any:
    names = ("learning_rate", "weight_decay", "clip_norm", "warmup_steps", *OWN[fields.optimizer])
    kind = part("trainables.optimizers", fields.optimizer)
    return kind(**{name: _column(members, name) for name in names}, device=device)


def _interventions(members: Sequence[Member], task: Any, model: Any, device: str) -> Iterator[Any]:
    from trainables.interventions._built import prior_of

    if members[0].config.prior != "none":
        yield prior_of(members, task, model, device)
    if any(strengths := _column(members, "query_key_penalty")):
        yield part("trainables.interventions", "query_key_penalty")(strength=strengths, device=device)
    radius = _column(members, "mlp_norm")
    if any(each is not None for each in radius):
        yield part("trainables.interventions", "norm_matching")(radius=radius, device=device)


def _column(members: Sequence[Member], name: str) -> list[Any]:
    return [getattr(member.config, name) for member in members]
