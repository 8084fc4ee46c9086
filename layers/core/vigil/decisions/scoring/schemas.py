"""JSON schemas of the scoring API, as shown in OpenAPI."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from vigil.prediction.engines.ensemble import AbstentionReason
from vigil.prediction.engines.votes import EngineKind, Vote
from vigil.web.field_types import Boolean, Moment
from vigil.web.schemas import MAX_MODEL_NAME, MAX_SUBJECT_ID, MODEL_NAME, SUBJECT_ID, invalid_input

_PLAIN_SUBJECT_ID = r"[A-Za-z0-9_:][A-Za-z0-9._:@-]{0,127}"
is_plain_subject_id = re.compile(_PLAIN_SUBJECT_ID).fullmatch
"""Match a subject id that needs no escaping in any format. A spreadsheet would run `-1` or `@a` as a formula."""
_are_plain_lines = re.compile(rf"(?:{_PLAIN_SUBJECT_ID}\n)*").fullmatch

Features = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {"type": ["number", "string", "boolean", "null"]},
            "description": "Values by feature name, each in the unit that GET /v1/models/{name} states.",
        }
    ),
]

Groups = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {"type": ["string", "null"]},
            "description": "Values of the group attributes that GET /v1/models/{name} states, such as sex or region. "
            "Fairness is measured by them. They have no effect on the answer.",
        }
    ),
]


class SubjectBody(BaseModel):
    """One subject with exactly one of `features` and `history`; part of a request and a row of a batch."""

    model_config = ConfigDict(extra="forbid")

    subject_id: str = Field(
        max_length=MAX_SUBJECT_ID, pattern=SUBJECT_ID, description="Your pseudonym for the person or event."
    )
    features: Features | None = None
    history: dict[str, Any] | None = Field(
        default=None, description="Dated records in the `history_schema` of GET /v1/models/{name}; requires `as_of`."
    )
    as_of: Moment | None = Field(
        default=None, description="Time of the prediction. Records after it are ignored. Default: now."
    )
    groups: Groups | None = None


class ScoreBody(SubjectBody):
    """One subject to score."""

    model: str = Field(max_length=MAX_MODEL_NAME, pattern=MODEL_NAME, description="A name from GET /v1/models.")
    explain: Boolean = Field(default=False, description="Add TreeSHAP contributions; takes about 80 times the work.")


def are_plain_subject_ids(subject_ids: Sequence[str]) -> bool:
    """Return True if `is_plain_subject_id` matches all ids. One match takes a quarter of the time of one per id."""
    lines = "\n".join([*subject_ids, ""])
    return lines.count("\n") == len(subject_ids) and _are_plain_lines(lines) is not None


def parse_subject(document: object) -> SubjectBody:
    """Return the subject of a batch row. Raises the InvalidInput that a request with it would get."""
    try:
        return SubjectBody.model_validate(document)
    except ValidationError as error:
        raise invalid_input(error.errors(include_url=False, include_input=False), SubjectBody) from None


class ModelView(BaseModel):
    """The exact model behind a decision."""

    name: str
    version: int
    digest: str


class ReasonView(BaseModel):
    """Contribution of one feature to the raw score, in log-odds."""

    feature: str
    value: float | int | bool | str | None
    unit: str
    contribution: float
    text: str


class EvidenceView(BaseModel):
    """One finding of an engine."""

    code: str
    text: str
    value: float | None
    bound: float | None
    severity: str | None


class EngineView(BaseModel):
    """Vote of one engine."""

    name: str
    kind: EngineKind
    vote: Vote
    probability: float | None = Field(description="Calibrated; null where the engine abstains.")
    veto: str | None = Field(description="Lowest band that this engine allows for the answer.")
    evidence: list[EvidenceView]
    version: str = Field(description="First digits of the SHA-256 of the engine's signed file.")


class MissingFactView(BaseModel):
    """The cheapest missing fact that would most likely allow a decision."""

    feature: str
    label: str
    unit: str
    cost: float
    resolves: float = Field(description="Share of the fact's typical values for which the model would decide.")


class AbstentionView(BaseModel):
    """Reasons for an abstention."""

    reasons: list[AbstentionReason]
    missing_fact: MissingFactView | None


class GuaranteeView(BaseModel):
    """With confidence `1 - delta`, at most `alpha` of the answers are wrong (`harm`)."""

    alpha: float
    delta: float
    harm: str
    threshold: float
    accepted_error_bound: float
    method: str


class DegradedView(BaseModel):
    """An engine without a vote."""

    engine: str
    reason: Literal["unsigned", "unavailable", "failed"]


class FlagsView(BaseModel):
    """Feature flags at the time of the decision."""

    digest: str | None = Field(description="Digest of the active flag set; null if it was unreadable and all were off.")
    on: list[str] = Field(description="Flags that were on for this subject and that affect decisions.")


class DecisionSummary(BaseModel):
    """A decision without its engines, explanation and flags."""

    decision_id: str
    model: ModelView
    subject_id: str
    probability: float | None = Field(ge=0, le=1, description="Null if all engines failed to give one.")
    raw_score: float | None = Field(description="Log-odds of the explained engine, before calibration.")
    band: str = Field(description="Band, also for an abstention; `unknown` if it could not be determined.")
    decision: str = Field(description="The band's decision, or `abstain`.")
    abstention: AbstentionView | None
    guarantee: GuaranteeView | None
    degraded: list[DegradedView] = Field(
        description="Missing engines. With a missing engine, the answer abstains or has the highest band."
    )
    explained_engine: str | None
    as_of: str
    created_at: str
    warnings: list[str]


class DecisionView(DecisionSummary):
    """A decision. `raw_score` is the sum of `base_value` and all contributions; both are null unless requested."""

    engines: list[EngineView]
    explanation: list[ReasonView] | None
    base_value: float | None
    flags: FlagsView


class DecisionPage(BaseModel):
    """Decisions, newest first; `next_cursor` is null on the last page."""

    items: list[DecisionSummary]
    next_cursor: str | None
