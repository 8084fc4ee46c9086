"""Types that the schemas of all routes share: names, subject ids, timestamps and problem documents."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field, JsonValue
from pydantic_core import PydanticCustomError

from vigil.errors import FieldError
from vigil.kernel import rows

MODEL_NAME = f"^{rows.MODEL_NAME}$"
SUBJECT_ID = r"^[A-Za-z0-9_:@-][A-Za-z0-9._:@-]{0,127}$"
"""Pattern of subject ids. A leading dot is excluded: clients remove `.` and `..` from URLs, so such a person could not
be exported or erased."""

DATE_TIME: dict[str, JsonValue] = {"format": "date-time"}
"""JSON Schema extra of a string that contains a timestamp."""
_YEARS = range(1900, 2200)  # date arithmetic does not overflow in these years


def _text_only(value: object) -> object:
    if not isinstance(value, str):  # pydantic would read a number as seconds or milliseconds
        raise PydanticCustomError("bound", "must be a timestamp string", {"bound": "RFC 3339 with a UTC offset"})
    return value


def _in_range(moment: datetime) -> datetime:
    if moment.year not in _YEARS:
        raise PydanticCustomError("bound", "is out of range", {"bound": "years 1900 to 2199"})
    return moment


Timestamp = Annotated[AwareDatetime, BeforeValidator(_text_only), AfterValidator(_in_range)]


def field_error(row: Mapping[str, Any]) -> FieldError:
    """Return a pydantic error as a FieldError; `body.features.age` is `features.age` to the caller."""
    loc = row["loc"]
    parts = loc[1:] if len(loc) > 1 and loc[0] in {"body", "query", "path", "header"} else loc
    field = ".".join(str(part)[:64] for part in parts if part != "[key]")
    if row["type"] == "missing":
        return FieldError(field, "is required", "required")
    if row["type"] == "extra_forbidden":
        return FieldError(field, "is not a field of this request", "see /docs")
    if row["type"] in {"model_type", "model_attributes_type", "dict_type"}:
        return FieldError(field, "must be an object", "a JSON object")
    if row["type"] == "value_error":
        message = row["msg"].removeprefix("Value error, ")
        return FieldError(field, message, message)
    if bound := row.get("ctx", {}).get("bound"):
        return FieldError(field, row["msg"], bound)
    rule = row["msg"].removeprefix("Input should ").removeprefix("String should ")
    return FieldError(field, row["msg"] if rule == row["msg"] else f"must {rule}", rule.removeprefix("be "))


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
    errors: list[FieldErrorView] | None = None


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of problem documents for these status codes."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemView"}}}
    return {status: {"description": "Problem", "content": content} for status in statuses}
