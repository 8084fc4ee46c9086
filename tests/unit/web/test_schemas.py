"""A validation error names the field as the caller sent it, and no internal class."""

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ValidationError, model_validator

from vigil.errors import FieldError
from vigil.web.schemas import field_error


class Inner(BaseModel):
    """An object in another."""


class Sent(BaseModel):
    """A body."""

    inner: Inner = Inner()
    named: dict[Literal["a"], int] = {}
    few: int = 0

    @model_validator(mode="after")
    def _few(self):
        if self.few > 1:
            raise ValueError("at most one of few and none may be given")
        return self


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"inner": []}, FieldError("body.inner", "must be an object", "a JSON object")),
        ({"named": 1}, FieldError("body.named", "must be an object", "a JSON object")),
        ({"named": {"b": 1}}, FieldError("body.named.b", "must be 'a'", "'a'")),
        ({"few": 2}, FieldError("body", *["at most one of few and none may be given"] * 2)),
    ],
)
def test_a_validation_error_becomes_a_field_error(body, error):
    with pytest.raises(ValidationError) as caught:
        Sent.model_validate(body)
    (row,) = caught.value.errors()
    assert field_error(dict(row) | {"loc": ("body", "body", *row["loc"])}, Sent) == error


def test_an_unknown_field_has_the_known_fields_as_its_bound():
    class Strict(BaseModel, extra="forbid"):
        """An object without other fields."""

        near: int = 0
        inner: "Strict | None" = None
        rows: list["Strict"] = []
        named: dict[str, "Strict"] = {}

    other = {"far": 1}
    body = {**other, "inner": {**other, "rows": [{"inner": other}]}, "named": {"x": {**other}}}
    with pytest.raises(ValidationError) as caught:
        Strict.model_validate(body)
    rows = [dict(row) | {"loc": ("body", *row["loc"])} for row in caught.value.errors()]
    errors = {field_error(row, Annotated[Strict | None, "a body"]) for row in rows}
    bound = "one of near, inner, rows, named"
    fields = {"far", "inner.far", "inner.rows.0.inner.far", "named.x.far"}
    assert errors == {FieldError(field, "is not a field of this request", bound) for field in fields}
