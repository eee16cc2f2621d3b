"""Validation of the merged mapping, and pydantic's errors in the words of the configuration."""

import re
import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from datalines.config.base import SLUG
from datalines.config.errors import Findings, Loc, dotted, listing, suggestion

SLUG_RULE = "use small letters, digits and hyphens, beginning with a letter or digit, at most 40 characters"
WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text (in quotes, if it looks like a number, a date or yes/no)",
    "list_type": "a list: [..]",
    "tuple_type": "a list: [..]",
    "dict_type": "a mapping: `key: value`",
    "model_type": "a mapping: `key: value`",
    "model_attributes_type": "a mapping: `key: value`",
}
LIMITS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


def report(error: ValidationError, model: type[BaseModel], found: Findings) -> set[Loc]:
    """Add every error to `found`; returns the places of the entries that hold them: (section, entry) or (section,)."""
    broken: set[Loc] = set()
    for details in error.errors():
        loc, _ = follow(model, details["loc"])
        add_error(details, model, found)
        broken.add(loc[:2])
    return broken


def add_error(details: ErrorDetails, model: type[BaseModel], found: Findings) -> None:
    """Add one error in the words of the configuration."""
    loc, kind = follow(model, details["loc"])
    value, context, code = details["input"], details.get("ctx", {}), details["type"]
    shown = value if isinstance(value, str) else repr(value)
    if code == "missing":
        found.add(loc, _missing_text(model, details))
    elif code == "extra_forbidden":
        _, parent = follow(model, details["loc"][:-1])
        allowed = list(parent.model_fields)
        found.add(loc, f"unknown key{suggestion(loc[-1], allowed)}Allowed keys: {listing(allowed)}")
    elif code in ("literal_error", "union_tag_invalid", "union_tag_not_found"):
        _add_choice(details, loc, kind, found)
    elif code == "string_pattern_mismatch" and context["pattern"] == SLUG:
        found.add(loc, f"'{shown}' is not a slug; {SLUG_RULE}{_slug_example(shown)}")
    elif code == "value_error":
        found.add(loc, str(context["error"]))
    elif code in LIMITS:
        key, words = LIMITS[code]
        found.add(loc, f"is {shown}; it must be {words} {context[key]:g}")
    elif code == "too_short" or code == "string_too_short":
        found.add(loc, f"has too few items: at least {context['min_length']}" if value else "must not be empty")
    elif code == "too_long":
        found.add(loc, f"has too many items: at most {context['max_length']}")
    else:
        found.add(loc, f"is {value!r}; write {WANTED[code]}" if code in WANTED else f"is {value!r}; {details['msg']}")


def _missing_text(model: type[BaseModel], details: ErrorDetails) -> str:
    """What a missing key is for; lists of a fixed length can miss items as well."""
    loc, parent = follow(model, details["loc"][:-1])
    name = details["loc"][-1]
    if isinstance(name, int):
        return f"is missing; {dotted(loc)} needs more items"
    description = parent.model_fields[name].description or "it has no default"
    return f"is missing; it must be given: {description[0].lower()}{description[1:]}"


def _add_choice(details: ErrorDetails, loc: Loc, kind: Any, found: Findings) -> None:
    """A value, or a `kind`, that is not among those allowed."""
    value, context = details["input"], details.get("ctx", {})
    allowed = re.findall(r"'([^']*)'", context.get("expected", context.get("expected_tags", "")))
    if details["type"] == "literal_error":
        found.add(loc, f"'{value}' is not allowed{suggestion(value, allowed)}Allowed values: {', '.join(allowed)}")
        return
    if not allowed:
        allowed = [tag for member in get_args(kind) for tag in get_args(member.model_fields["kind"].annotation)]
        found.add((*loc, "kind"), f"is missing. Allowed values: {', '.join(allowed)}")
        return
    text = f"'{context['tag']}' is not allowed{suggestion(context['tag'], allowed)}Allowed values: {', '.join(allowed)}"
    found.add((*loc, "kind"), text)


def _slug_example(text: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40]
    return f", e.g. '{slug}'" if slug else ""


def follow(model: type[BaseModel], loc: Loc) -> tuple[Loc, Any]:
    """The keys that a user wrote on the way to `loc`, without the marks pydantic adds, and the type found there."""
    kind: Any = model
    keys: list[str | int] = []
    for part in loc:
        if part == "[key]":
            break
        kind = _bare(kind)
        members = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else ()
        if members:
            kind = next((m for m in members if isinstance(m, type) and _is_kind(m, part)), None)
            continue
        keys.append(part)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(str(part))
            kind = field.annotation if field else None
        else:
            arguments = get_args(kind)
            kind = arguments[-1] if get_origin(kind) is dict else arguments[0] if arguments else None
    return tuple(keys), _bare(kind)


def _is_kind(member: Any, tag: object) -> bool:
    return issubclass(member, BaseModel) and tag in get_args(member.model_fields["kind"].annotation)


def _bare(kind: Any) -> Any:
    """A type without its constraints and without `| None`."""
    while True:
        arguments = [item for item in get_args(kind) if item is not type(None)]
        optional = get_origin(kind) in (Union, types.UnionType) and len(arguments) == 1
        if get_origin(kind) is not Annotated and not optional:
            return kind
        kind = arguments[0]
