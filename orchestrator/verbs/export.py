"""``export``: an experiment as a YAML file."""

from __future__ import annotations

from orchestrator.storage.results import BadInputError
from orchestrator.verbs.flags import Name


def export(name: Name) -> None:
    """Print an experiment as YAML: export NAME > mine.yaml, then change it and launch mine.yaml."""
    from search_spaces._files import experiment_named, told
    from search_spaces._writing import as_yaml

    try:
        experiment = experiment_named(name)
        if faults := experiment.faults():
            raise BadInputError(told(name, faults))
        print(as_yaml(experiment), end="")
    except LookupError as fault:
        raise BadInputError(str(fault.args[0])) from None
