"""Spellings of values for every type of request field, and the fields of each type in a JSON schema."""

from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]
ANY_NAME = "*"
"""Part of a path that stands for each name of an object without declared names."""
MOMENT = "2026-02-01T12:00:00Z"
"""The moment that every accepted spelling of a time means."""
_TYPES = ("date-time", "date", "integer", "number", "boolean")
_WHOLE = ("integer", "number")

SPELLINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("{v}", ("integer", "number", "boolean")),
    ('"{v}"', ("date-time", "date")),
    *((text, _WHOLE) for text in ("{v}.0", "{v}.000", "{v}e0", "{v}E+0", "{v}0e-1")),
    *(
        (f'"{text}"', ("date-time",))
        for text in (
            *("2026-02-01T12:00:00+00:00", "2026-02-01T15:00:00+0300", "2026-02-01T07:00-05:00"),
            *("2026-02-01t12:00:00z", "2026-02-01 12:00:00Z", "2026-02-01T12:00:00.000Z"),
            *("2026-02-01T12:00:00.0000000Z", "2026-02-01T12:00:00.000000000+0000"),
        )
    ),
    *(
        (f'"{text}"', ())
        for text in (
            *("46054", "20260201", "46054.354", "+46054", "-1", "0", "1732752000", "1732752000000"),
            *("2026-02-01T12:00:00", "2026-02-01_12:00:00Z", " 2026-02-01T12:00:00Z", "2026-02-01T12:00:00,5Z"),
            *("2026-02-01T24:00:00Z", "2026-02-30T12:00:00Z", "2026-02-01T12:00:00.0000000000Z"),
            *("2026-02-30", "2026-2-1", "01/02/2026", "", " ", "true", "yes", "1.0", "NaN"),
        )
    ),
    *((text, ()) for text in ("NaN", "Infinity", "-Infinity", "1e999", "[]", "{{}}", "[{v}]")),
)
"""Templates of JSON text, `{v}` being a good value of the field, each with the types that accept it."""


def kind_of(schema: Mapping[str, Any]) -> str | None:
    """Return the type of a field among those with a grammar, or None."""
    named = schema["format"] if schema.get("format") in _TYPES else schema.get("type")
    return named if named in _TYPES else None


def typed_fields(schema: Mapping[str, Any], known: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield path and type of each field of a schema. `known` has the schemas that references name."""
    known = {**known, **schema.get("$defs", {})}
    while "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    if kind := kind_of(schema):
        yield path, kind
    for choice in schema.get("anyOf", ()):
        yield from typed_fields(choice, known, path)
    for name, inner in schema.get("properties", {}).items():
        yield from typed_fields(inner, known, (*path, name))
    for inner, part in ((schema.get("items"), 0), (schema.get("additionalProperties"), ANY_NAME)):
        if isinstance(inner, dict):
            yield from typed_fields(inner, known, (*path, part))


def is_nullable(schema: Mapping[str, Any], known: Mapping[str, Any], path: Path) -> bool:
    """Return True if a schema accepts null as the value of a field."""
    known = {**known, **schema.get("$defs", {})}
    while "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    if not path:
        return any(choice.get("type") == "null" for choice in schema.get("anyOf", ()))
    part, rest = path[0], path[1:]
    options = [schema, *schema.get("anyOf", ())]
    inner = [option["properties"][part] for option in options if part in option.get("properties", {})]
    inner += [option["items"] for option in options if part == 0 and "items" in option]
    inner += [option["additionalProperties"] for option in options if part == ANY_NAME]
    inner += [known[each["$ref"].rpartition("/")[2]]["properties"][part] for each in options[1:] if "$ref" in each]
    return any(is_nullable(each, known, rest) for each in inner)


def value_at(document: Any, path: Path) -> Any:
    """Return the value of a field in a document."""
    for part in path:
        document = next(iter(document.values())) if part == ANY_NAME else document[part]
    return document


def named(document: Any, path: Path) -> Path:
    """Return a path with the first name of each object instead of ANY_NAME."""
    found: Path = ()
    for part in path:
        found = (*found, next(iter(value_at(document, found))) if part == ANY_NAME else part)
    return found
