"""The type of a limit: a number in a file stays as it was written, and a text or a truth value is not a number."""

from __future__ import annotations

from typing import Annotated, Any


class _NumbersOnly:
    """Tells pydantic not to turn other things into numbers, nor whole numbers into fractions."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        kinds: list[Any] = [core_schema.int_schema(strict=True), core_schema.float_schema(strict=True)]
        return core_schema.union_schema(
            kinds, custom_error_type="number", custom_error_message="must be a number or none"
        )


Number = Annotated[float, _NumbersOnly()]
