"""Digests of what is stored: a table has its own in its name, a small file of facts among its facts.

Other programs can read both. A file without a digest was written by an older version or by somebody
else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

CHARACTERS = 16  # of SHA-256, in hexadecimal
KEY = "digest"
NAME = re.compile(rf"[0-9a-f]{{32}}-(?P<digest>[0-9a-f]{{{CHARACTERS}}})\.parquet")


def digest_of(content: bytes) -> str:
    """Return the digest of a file's content.

    >>> digest_of(b"")
    'e3b0c44298fc1c14'
    """
    return hashlib.sha256(content).hexdigest()[:CHARACTERS]


def table_name(number: str, content: bytes) -> str:
    """Return the name of a table: a number of 32 hexadecimal digits that no other file has, and its digest."""
    return f"{number}-{digest_of(content)}.parquet"


def stated(name: str) -> str | None:
    """Return the digest that a table's name states; None if it states none."""
    found = NAME.fullmatch(name)
    return found["digest"] if found else None


def sealed(facts: Mapping[str, Any], indent: int | None = None) -> str:
    """Return facts as JSON with their digest among them."""
    return json.dumps({**facts, KEY: _of_facts(facts)}, indent=indent, ensure_ascii=False)


def opened(facts: Mapping[str, Any], *, signed: bool = False) -> dict[str, Any]:
    """Return facts without their digest.

    Raises: ValueError if they are not the facts that the digest was made from, or must be signed and have no digest.
    """
    rest = {name: value for name, value in facts.items() if name != KEY}
    if signed and KEY not in facts:
        raise ValueError("it bears no digest")
    if KEY in facts and facts[KEY] != _of_facts(rest):
        raise ValueError("torn or altered: its digest is that of other content")
    return rest


def _of_facts(facts: Mapping[str, Any]) -> str:
    """Return a digest that depends on neither the order of keys nor the form of the text."""
    return digest_of(json.dumps(json.loads(json.dumps(facts)), sort_keys=True).encode())
