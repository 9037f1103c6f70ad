"""The family of a user's network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from trainables.family import Family, Member, Parts, defaults
from trainables.fields.batches import batches_of
from trainables.fields.learning_rate_schedule import decay_of
from trainables.fields.optimizer import optimizer_of
from trainables.modules.definition import Definition
from trainables.names import part

if TYPE_CHECKING:
    from trainables.modules.trial import Trial

PROBES = ("accuracy", "losses", "parameter_norm")
OF_THE_NETWORK = ("loss", "loss_dtype", "loss_arithmetic", "train_fraction")  # beside the constructor's arguments


class ModuleFamily(Family):
    """What the families of users' networks share; each is a subclass with a definition and a Config of its own."""

    definition: ClassVar[Definition]
    version: ClassVar[int] = 2

    @classmethod
    def build(
        cls, members: Sequence[Member], device: str, precision: str = "fp32", probes: Sequence[str] = ()
    ) -> Parts:
        """Return the parts of a pack; shared fields are read from the first member."""
        from trainables.modules.data import ModuleTask
        from trainables.modules.judge import judge_of
        from trainables.modules.network import KeptBuffers, Network, NumberedStep

        config, traits = members[0].config, cls.tried(members[0].config).traits
        task = ModuleTask(cls.definition, config, data_seeds=[each.data_seed for each in members], device=device)
        judge = judge_of(cls.definition, config, together=not traits.refusal)
        network = Network(
            lambda: cls.definition.made(config),
            judge,
            traits,
            init_seeds=[each.init_seed for each in members],
            device=device,
        )
        tables = {"tables": network.tables} if config.optimizer == "muon" else {}
        return Parts(
            task=task,
            model=network,
            optimizer=optimizer_of(members, device, **decay_of(members), **tables),
            interventions=[KeptBuffers(network)] if traits.buffers_change else [],
            probes=[part("trainables.probes", probe)() for probe in (*PROBES, *probes)],
            batches=batches_of(members, task),
            loss=judge,
            step=NumberedStep(),
        )

    @classmethod
    def tried(cls, config: Any) -> Trial:
        """Return the result of a trial of the network at a point.

        Raises: LookupError in one line when the network does not work there.
        """
        found = cls._tried(config)
        if isinstance(found, str):
            raise LookupError(found)
        return found

    @classmethod
    def conflicts(cls, config: Any) -> list[str]:
        """Return which fields do not go together, or why the network cannot be trained at a point."""
        found = super().conflicts(config)
        tried = None if found else cls._tried(config)
        return [*found, *([tried] if isinstance(tried, str) else [])]

    @classmethod
    def seed_faults(cls, seeds: Sequence[int]) -> list[str]:
        """Return what is wrong with the data of some seeds: it cannot be used, or has another shape than the first."""
        from trainables.modules.data import seed_faults

        return seed_faults(cls.definition, seeds)

    @classmethod
    def notes(cls, config: Any) -> list[str]:
        """Return whether replicas are trained one after the other, and why."""
        refusal = cls.tried(config).traits.refusal
        return [f"{cls.__name__}: the networks of a pack run one after the other ({refusal})"] if refusal else []

    @classmethod
    def replica_mib(cls, config: Any) -> float:
        """Return an estimate of the peak memory of one replica in MiB: weights, activations of a step, outputs."""
        tried = cls.tried(config)
        return tried.costs.mib(tried.trained, _batch(tried, config), tried.tested)

    @classmethod
    def step_gflop(cls, config: Any) -> float:
        """Return an estimate of the work of one step: products forward and twice as many backward."""
        tried = cls.tried(config)
        return tried.costs.step_gflop(_batch(tried, config))

    @classmethod
    def _tried(cls, config: Any) -> Trial | str:
        from trainables.modules.trial import tried

        names = {*cls.definition.fields, *OF_THE_NETWORK} & set(defaults(cls.Config))
        return tried(cls.definition, cls.Config(**{name: getattr(config, name) for name in names}))


def _batch(tried: Trial, config: Any) -> int:
    return min(config.batch_size or tried.trained, tried.trained)


def family_from(definition: Definition, config: type) -> type[Family]:
    """Return the family of a definition, a class named like the network."""
    sources: Mapping[str, str] = {f"model, data and loss: {definition.label}": definition.file.path}
    facts = {"__module__": __name__, "__doc__": ModuleFamily.__doc__}
    own = {"definition": definition, "Config": config, "sources": sources}
    return type(definition.label, (ModuleFamily,), {**facts, **own})
