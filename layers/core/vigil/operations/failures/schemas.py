"""Answers of the API of failures."""

from pydantic import BaseModel, Field

from vigil.operations.failures.groups_model import FailureGroup, StoredFailure
from vigil.operations.failures.model import FailureKind, FailureState, Occurrence
from vigil.web.schemas import DATE_TIME


class OccurrenceView(BaseModel):
    """One failure, as ids only. An id is null if its log line does not have it."""

    at: str = Field(json_schema_extra=DATE_TIME)
    function: str = Field(description="Name of the function. Its log group is `/aws/lambda/<function>`.")
    function_version: int | None
    request_id: str | None = Field(description="Request id of Lambda; a search in the log group finds all its lines.")
    correlation_id: str | None
    tenant_id: str | None
    route: str | None
    problem: str | None = Field(description="Problem code of the answer.")

    @classmethod
    def from_occurrence(cls, occurrence: Occurrence) -> "OccurrenceView":
        """Return the view of an occurrence."""
        names = ("request_id", "correlation_id", "tenant_id", "route", "problem")
        texts = {name: getattr(occurrence, name) or None for name in names}
        return cls(at=occurrence.at, function=occurrence.function, function_version=occurrence.version or None, **texts)


class FailureView(BaseModel):
    """A group of failures with one cause."""

    id: str
    kind: FailureKind = Field(
        description="`exception`: an error of the code. `init`: the start of a function failed. `timeout`, "
        "`out_of_memory`: Lambda ended a function. `exit`: the process of a function ended by itself."
    )
    state: FailureState
    title: str = Field(description="Classes of the error and its causes with its place, or the kind and the function.")
    problem: str | None = Field(description="Problem code of the answers.")
    aws_code: str | None = Field(description="Error code of AWS.")
    functions: dict[str, int | None] = Field(description="Functions that failed, with their latest failing version.")
    first_seen: str = Field(json_schema_extra=DATE_TIME)
    last_seen: str = Field(json_schema_extra=DATE_TIME, description="Time of the last failure, exact to a minute.")
    count: int = Field(description="Number of failures since the first one or the last regression, up to `last_seen`.")
    generation: int = Field(description="1, and one more after each regression.")
    frequent: bool = Field(
        description="True if more than 10 failures occurred in 5 minutes, since the last regression."
    )
    regressed_at: str | None = Field(json_schema_extra=DATE_TIME)
    resolved_at: str | None = Field(json_schema_extra=DATE_TIME)
    fixed_in: dict[str, int] = Field(
        description="First versions of the functions without the failure. A failure of one of them is a regression."
    )
    changed_at: str | None = Field(json_schema_extra=DATE_TIME, description="Time of the last change by hand.")
    changed_by: str | None = Field(description="Role and key id of the last change by hand.")

    @classmethod
    def from_group(cls, group: FailureGroup) -> "FailureView":
        """Return the view of a group."""
        return cls.model_validate(_fields(group))


class FailureDetail(FailureView):
    """A group with its classes, frames and latest occurrences. `count` is exact."""

    classes: list[str] = Field(description="Classes of the error and its causes.")
    frames: list[str] = Field(description="Modules and functions of Vigil that the error passed, the deepest last.")
    occurrences: list[OccurrenceView] = Field(description="The latest 10 failures, newest first.")

    @classmethod
    def from_stored(cls, stored: StoredFailure) -> "FailureDetail":
        """Return the view of a group with its counts."""
        signature = stored.group.signature
        more = {
            "count": stored.count,
            "classes": [*signature.classes],
            "frames": [*signature.frames],
            "occurrences": [OccurrenceView.from_occurrence(each) for each in stored.latest],
        }
        return cls.model_validate(_fields(stored.group) | more)


class FailureList(BaseModel):
    """Groups of failures; `next_cursor` is null on the last page."""

    items: list[FailureView]
    next_cursor: str | None = None


def _fields(group: FailureGroup) -> dict[str, object]:
    same = ("state", "first_seen", "last_seen", "count", "generation", "regressed_at", "resolved_at")
    return {
        **{name: getattr(group, name) for name in (*same, "changed_at", "changed_by")},
        "id": group.failure_id,
        "kind": group.signature.kind,
        "title": group.signature.title,
        "problem": group.signature.problem or None,
        "aws_code": group.signature.aws_code or None,
        "functions": {function: version or None for function, version in group.functions.items()},
        "fixed_in": dict(group.fixed_in),
        "frequent": group.is_frequent,
    }
