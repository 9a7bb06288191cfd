"""Everything that is wrong with a message, found with its JSON Schema once it was refused.

The texts name members and what they must be, never what was sent: a message may
hold patient data and tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from jsonschema.exceptions import ValidationError

from cds_service.errors import Fault
from cds_service.web import schemas

MOST = 20
"""Faults that are named; who has more begins with these."""
MOST_LOOKED_AT = 200


def faults(message: Any, schema: str) -> tuple[Fault, ...]:
    """What is wrong with a message, one fault a member. Empty for a schema that there is not."""
    if schema not in schemas.documents():
        return ()
    found = islice(_leaves(schemas.validator(schema).iter_errors(message)), MOST_LOOKED_AT)
    by_member: dict[str, Fault] = {}
    for error in found:
        for member, text in _told(error):
            by_member.setdefault(member, Fault(text, member))
    return tuple(islice(by_member.values(), MOST))


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    for error in errors:
        if error.context and error.validator in ("allOf", "$ref"):
            yield from _leaves(error.context)
        else:
            yield error


def _told(error: ValidationError) -> Iterator[tuple[str, str]]:
    """The members at fault, and what each must be."""
    at = _path(error.absolute_path)
    if error.validator in ("required", "dependentRequired"):
        for name in _lacking(error):
            member = f"{at}.{name}" if at else name
            yield member, f"{member} is missing"
        return
    yield at, f"{at or 'the body'} {_must(error)}"


def _lacking(error: ValidationError) -> list[str]:
    value: Any = error.validator_value
    names = value if error.validator == "required" else [n for wanted in value.values() for n in wanted]
    held: Any = error.instance
    return [name for name in names if name not in held]


def _must(error: ValidationError) -> str:
    value: Any = error.validator_value
    described = error.schema.get("description") if isinstance(error.schema, dict) else None
    match error.validator:
        case "type":
            return f"must be of type {' or '.join(value) if isinstance(value, list) else value}"
        case "const":
            return f"must be {value!r}"
        case "enum":
            return f"must be one of {', '.join(map(repr, value))}"
        case "minItems" | "minLength" | "minProperties":
            return "must not be empty"
    return f"must be: {described}" if described else "is not as the schema says"


def _path(steps: Iterable[str | int]) -> str:
    """``context.draftOrders.entry[0].resource``."""
    text = ""
    for step in islice(steps, 12):
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")
