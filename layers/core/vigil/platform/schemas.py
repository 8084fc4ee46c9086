"""Problem documents as OpenAPI shows them, and the responses that every route shares."""

from typing import Any

from pydantic import BaseModel, Field


class FieldErrorView(BaseModel):
    """One broken rule."""

    field: str
    message: str
    bound: str | None


class ProblemView(BaseModel):
    """An RFC 9457 problem document."""

    type: str
    title: str
    status: int
    detail: str | None = Field(default=None, description="Absent where API Gateway answers by itself.")
    correlation_id: str
    errors: list[FieldErrorView] | None = None


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of problem documents for these status codes."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemView"}}}
    return {status: {"description": "Problem", "content": content} for status in statuses}
