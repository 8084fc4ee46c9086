"""Types that the schemas of all routes share: names, subject ids and problem documents."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field, JsonValue, PlainValidator, WithJsonSchema

from vigil.errors import MAX_ERRORS, FieldError, InvalidInput
from vigil.kernel import rows, rule_texts, text_forms
from vigil.web.known_fields import known_fields

MAX_MODEL_NAME, MAX_SUBJECT_ID = 32, 128
"""Maximum lengths in characters. pydantic checks a length before a pattern."""
MODEL_NAME = f"^{rows.MODEL_NAME}$"
SUBJECT_ID = r"^[A-Za-z0-9_:@-][A-Za-z0-9._:@-]{0,127}$"
"""Pattern of subject ids. A leading dot is excluded: clients remove `.` and `..` from URLs, so such a person could not
be exported or erased."""

DATE_TIME: dict[str, JsonValue] = {"format": "date-time"}
"""JSON Schema extra of a string that contains a timestamp."""
Quantity = Annotated[int | float, WithJsonSchema({"type": "number"})]
"""A number in an answer. Whole numbers have no decimal point."""


def invalid_input(
    rows: Sequence[Mapping[str, Any]], body: Any, kind: type[InvalidInput] = InvalidInput
) -> InvalidInput:
    """Return the errors of pydantic as one InvalidInput; only the listed ones are translated.

    `body` is the type of the value. Without it, the error of an unknown field does not list the known ones.
    """
    return kind(*(field_error(row, body) for row in rows[:MAX_ERRORS]), count=len(rows))


def _path(parts: Sequence[Any]) -> str:
    return ".".join(str(part)[:64] for part in parts if part != "[key]")


def field_error(row: Mapping[str, Any], body: Any = None) -> FieldError:
    """Return a pydantic error of a value of the type `body` as a FieldError.

    `body.features.age` is `features.age` to the caller. An unknown field has the known ones as its bound.
    """
    loc = row["loc"]
    parts = loc[1:] if len(loc) > 1 and loc[0] in {"body", "query", "path", "header"} else loc
    field = _path(parts)
    if row["type"] == "missing":
        return FieldError(field, "is required", "required")
    if row["type"] == "extra_forbidden":
        known = ", ".join(known_fields(body, parts[:-1]))
        return FieldError(field, "is not a field of this request", f"one of {known}" if known else "see /docs")
    if row["type"] in {"model_type", "model_attributes_type", "dict_type"}:
        return FieldError(field, "must be an object", "a JSON object")
    if row["type"] == "value_error":
        message = row["msg"].removeprefix("Value error, ")
        return FieldError(field, message, message)
    text, bound = row["msg"], row.get("ctx", {}).get("bound")
    if row["type"] == "string_pattern_mismatch":
        text, bound = text_forms.MESSAGE, text_forms.describe_pattern(row["ctx"]["pattern"])
    if bound:
        return FieldError(field, text, bound)
    return FieldError(field, *rule_texts.describe_rule(row["type"], row["msg"], row.get("ctx", {})))


class FieldErrorView(BaseModel):
    """One broken rule of a request."""

    field: str
    message: str
    bound: str | None


class ProblemView(BaseModel):
    """An RFC 9457 problem document."""

    type: str
    title: str
    status: int
    detail: str | None = Field(default=None, description="Absent if API Gateway rejected the request itself.")
    correlation_id: str
    violated_policies: list[str] | None = Field(
        default=None, alias="violated-policies", description="Exhausted limits of a 402 or 429."
    )
    errors: list[FieldErrorView] | None = None


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of problem documents for these status codes."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemView"}}}
    return {status: {"description": "Problem", "content": content} for status in statuses}


def sends(*names: str) -> dict[str, Any]:
    """Return the OpenAPI entry of a response with these headers, for the `responses` of a route."""
    return {"headers": header_references(*names)}


def header_references(*names: str) -> dict[str, Any]:
    """Return references to headers that `vigil.web.operations` describes."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def documented_as(model: Any) -> PlainValidator:
    """Return the annotation of a value that a service validates itself: OpenAPI shows the schema of `model`."""
    return PlainValidator(lambda value: value, json_schema_input_type=model)
