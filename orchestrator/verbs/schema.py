"""``schema``: what an editor needs to complete and check experiments in YAML."""

from __future__ import annotations

import json


def schema() -> None:
    """Print the JSON schema of experiments in YAML files, for editors."""
    from search_spaces import _schema

    print(json.dumps(_schema.schema(), indent=1))
