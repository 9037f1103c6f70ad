"""What a shell may complete: names of experiments, scales and papers; nothing heavy is loaded for it."""

from __future__ import annotations

from trainables.names import available

SCALES = ("laptop", "paper")
BACKENDS, DEVICES = ("ray", "in_process"), ("cpu", "cuda")


def experiments(incomplete: str) -> list[str]:
    """Return the experiments of the package that begin with a text."""
    return _beginning(available("search_spaces"), incomplete)


def scales(incomplete: str) -> list[str]:
    """Return the scales that begin with a text."""
    return _beginning(SCALES, incomplete)


def papers(incomplete: str) -> list[str]:
    """Return the papers with experiments, and ``all``, that begin with a text."""
    from search_spaces._files import own_experiment

    found = {own_experiment(name).paper for name in available("search_spaces")} - {""}
    return _beginning([*sorted(found), "all"], incomplete)


def backends(incomplete: str) -> list[str]:
    """Return the backends that begin with a text."""
    return _beginning(BACKENDS, incomplete)


def devices(incomplete: str) -> list[str]:
    """Return the devices that begin with a text."""
    return _beginning(DEVICES, incomplete)


def _beginning(words: list[str] | tuple[str, ...], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
