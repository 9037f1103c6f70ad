"""``from_module``: from what a user says about a network to a family."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from trainables.family import again, shared
from trainables.fields.loss import Loss
from trainables.modules import own
from trainables.modules.counted import digest_of, digest_of_tensors, name_of
from trainables.modules.definition import Definition, Function, Training, TrainingByName
from trainables.names import available, near_match
from trainables.user_code import running

METRICS = ("accuracy", "explained_variance")
PLAIN = (bool, int, float, str)  # types that a field can hold


def from_module(
    module: Function,
    data: Any,
    *,
    loss: str | Function = "cross_entropy",
    metric: str | Function = "accuracy",
    train_fraction: float | None = None,
    arguments: Mapping[str, Any] | None = None,
    version: str | None = None,
) -> str:
    """Return the name of the family that trains a module, for ``Experiment(family=…)``; call it in the module's file.

    ``module``: a subclass of ``torch.nn.Module`` or a function that returns a module. Its arguments that are numbers,
    truth values or texts are Config fields, shared by the replicas of a pack, with their defaults there or in
    ``arguments``. Each replica gets one module, made from its own seed.
    ``data``: ``((inputs, targets), (inputs, targets))`` to train and to test on, or with ``train_fraction``, which is
    then a Config field, one ``(inputs, targets)`` that each data seed splits at random; or a function of the data seed
    that returns either.
    ``loss``: a file of ``trainables/losses``, or a function of outputs and targets of one network to one number.
    ``metric``: ``accuracy``, the share of answers that the loss takes for right; ``explained_variance``; or a function
    of outputs and targets of one network to true or false for each example, or to one number of at most 1.
    ``version``: counts in place of the file's content, for users who prefer to say themselves when numbers change.

    Shapes: the module maps inputs (N, ...) to outputs (N, ...); targets (N, ...).
    Raises: ValueError with everything that is wrong, LookupError outside a file that is being launched.
    """
    file = running()
    if file is None:
        raise LookupError("from_module belongs in an experiment's file: python -m orchestrator launch my_net.py")
    given = dict(arguments or {})
    if faults := [*_faults(module, loss, metric, train_fraction, data, version), *_argument_faults(module, given)]:
        raise ValueError("; ".join(faults))
    values = {**_defaults(module), **given}
    fields = {name: value for name, value in values.items() if type(value) in PLAIN}
    definition = Definition(
        module=module,
        label=str(name_of(module)).rsplit(".", 1)[-1],
        data=data,
        loss=loss,
        metric=metric,
        train_fraction=train_fraction,
        fields=tuple(fields),
        fixed={name: value for name, value in values.items() if name not in fields},
        file=file,
    )
    return _kept(definition, _config(definition, fields), given, version)


def _kept(definition: Definition, config: type, given: Mapping[str, Any], version: str | None) -> str:
    from trainables.modules.family import family_from

    facts = {
        "module": name_of(definition.module),
        "data": name_of(definition.data) if callable(definition.data) else digest_of_tensors(definition.data),
        "loss": definition.loss if isinstance(definition.loss, str) else [name_of(definition.loss)],
        "metric": definition.metric if isinstance(definition.metric, str) else [name_of(definition.metric)],
        "arguments": {**given, **{field: getattr(config, field) for field in definition.fields}},
        "train_fraction": definition.train_fraction,
    }
    name = f"{definition.label}{own.MARK}{digest_of(definition.file, facts, version)}"
    own.keep(name, family_from(definition, config))
    return own.FamilyName(name, definition.file)


def _config(definition: Definition, fields: Mapping[str, Any]) -> type:
    """Return the Config: the groups of training, the constructor's arguments, and the share to train on."""
    base = TrainingByName if isinstance(definition.loss, str) else Training
    more: list[tuple[str, type, Any]] = [(name, type(value), shared(value)) for name, value in fields.items()]
    if isinstance(definition.loss, str):
        more.append(("loss", str, again(Loss, "loss", definition.loss)))
    if definition.train_fraction is not None:
        more.append(("train_fraction", float, shared(float(definition.train_fraction), above=0.0, below=1.0)))
    return dataclasses.make_dataclass("Config", more, bases=(base,), frozen=True, kw_only=True)


def _faults(module: Any, loss: Any, metric: Any, train_fraction: Any, data: Any, version: Any) -> Iterator[str]:
    if not callable(module) or _is_instance_of_module(module):
        yield "the module must be a class, or a function that returns a module: every replica has weights of its own"
    kinds = {"loss": (loss, available("trainables.losses")), "metric": (metric, list(METRICS))}
    for kind, (given, known) in kinds.items():
        if isinstance(given, str) and given not in known:
            yield f"unknown {kind} {given!r}{near_match(given, known)}; give one of {', '.join(known)}, or a function"
        elif not isinstance(given, str) and not callable(given):
            yield f"{kind} = {given!r} must be one of {', '.join(known)}, or a function"
    for kind, given in {"module": module, "data": data, "loss": loss, "metric": metric}.items():
        if callable(given) and not _is_instance_of_module(given) and name_of(given) is None:
            yield f"{kind} is a function without a name of its own; write it with def or class at the top of the file"
    if train_fraction is not None and not (isinstance(train_fraction, float) and 0 < train_fraction < 1):
        yield f"train_fraction = {train_fraction!r} must be a number > 0 and < 1, or None"
    if not callable(data):
        from trainables.modules.data import faults_of

        yield from faults_of(data, train_fraction)
    if version is not None and not (isinstance(version, str) and version):
        yield f"version = {version!r} must be a text"


def _argument_faults(module: Any, given: Mapping[str, Any]) -> Iterator[str]:
    if not callable(module) or _is_instance_of_module(module):
        return
    taken = inspect.signature(module).parameters
    any_name = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in taken.values())
    for name, value in given.items():
        if not _is_plain(value):
            yield f"arguments: {name!r} must be a number, truth value, text, None or a list of those"
        if name not in taken and not any_name:
            yield f"arguments: {module.__name__} takes no {name!r}; it takes {', '.join(taken) or 'nothing'}"
    for name in [name for name, each in taken.items() if _is_required(each) and name not in given]:
        yield f"{module.__name__} needs {name!r}: give it a default there, or in arguments={{{name!r}: …}}"
    reserved = {field.name for field in dataclasses.fields(TrainingByName)} | {"train_fraction"}
    for name in sorted(reserved & {*given, *_defaults(module)}):
        yield f"argument {name!r} of {module.__name__} is also a field of training; give it another name"


def _defaults(module: Function) -> dict[str, Any]:
    taken = inspect.signature(module).parameters.values()
    return {each.name: each.default for each in taken if each.default is not inspect.Parameter.empty}


def _is_required(argument: inspect.Parameter) -> bool:
    named = argument.kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return (named or argument.kind is inspect.Parameter.POSITIONAL_ONLY) and argument.default is argument.empty


def _is_plain(value: object) -> bool:
    return value is None or type(value) in PLAIN or (isinstance(value, list | tuple) and all(map(_is_plain, value)))


def _is_instance_of_module(thing: Any) -> bool:
    """Say whether something is a module rather than a way to make one, without loading PyTorch for it."""
    return not inspect.isclass(thing) and any(each.__module__.startswith("torch.nn") for each in type(thing).__mro__)
