"""The JSON of the scoring API, as OpenAPI shows it."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError, WithJsonSchema

from vigil.errors import InvalidInput
from vigil.prediction.engines.ensemble import AbstentionReason
from vigil.prediction.engines.votes import EngineKind, Vote
from vigil.web.schemas import MODEL_NAME, SUBJECT_ID, Timestamp, field_error

MOST_ERRORS = 20
"""Of one row of a batch."""

plainly_named = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9._:@-]{0,127}").fullmatch
"""Whether a text names a subject and is written as it is in every format: a spreadsheet would run `-1` or `@a`."""

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


class SubjectBody(BaseModel):
    """One subject: exactly one of `features` and `history`. What a request names, and what a row of a batch holds."""

    model_config = ConfigDict(extra="forbid")

    subject_id: str = Field(pattern=SUBJECT_ID, description="Your own pseudonym of the person or event.")
    features: Features | None = None
    history: dict[str, Any] | None = Field(
        default=None, description="Dated records, in the `history_schema` of GET /v1/models/{name}; needs `as_of`."
    )
    as_of: Timestamp | None = Field(
        default=None, description="The moment of the prediction: nothing recorded later is looked at. Default: now."
    )


class ScoreBody(SubjectBody):
    """One subject to score."""

    model: str = Field(pattern=MODEL_NAME, description="A name from GET /v1/models.")
    explain: StrictBool = Field(default=False, description="Add TreeSHAP contributions; some 80 times the work.")


def subject(document: object) -> SubjectBody:
    """Return the subject that a row of a batch holds; raise InvalidInput as a request with it would be refused."""
    try:
        return SubjectBody.model_validate(document)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise InvalidInput(*(field_error(dict(detail)) for detail in details[:MOST_ERRORS])) from None


class ModelView(BaseModel):
    """The exact model behind a decision."""

    name: str
    version: int
    digest: str


class ReasonView(BaseModel):
    """How far one feature moved the raw score, in log-odds."""

    feature: str
    value: float | int | bool | str | None
    unit: str
    contribution: float
    text: str


class EvidenceView(BaseModel):
    """One thing that an engine saw."""

    code: str
    text: str
    value: float | None
    bound: float | None
    severity: str | None


class EngineView(BaseModel):
    """What one engine said."""

    name: str
    kind: EngineKind
    vote: Vote
    probability: float | None = Field(description="Calibrated; null where the engine abstains.")
    veto: str | None = Field(description="The band below which this engine does not let the answer fall.")
    evidence: list[EvidenceView]
    version: str = Field(description="Start of the SHA-256 of the engine's signed file.")


class MissingFactView(BaseModel):
    """The cheapest missing fact that would most likely bring a decision."""

    feature: str
    label: str
    unit: str
    cost: float
    resolves: float = Field(description="Share of its typical values with which the model would have answered.")


class AbstentionView(BaseModel):
    """Why there is no decision."""

    reasons: list[AbstentionReason]
    missing_fact: MissingFactView | None


class GuaranteeView(BaseModel):
    """Of the answers given, at most `alpha` are in error (`harm`), with confidence `1 - delta`."""

    alpha: float
    delta: float
    harm: str
    threshold: float
    accepted_error_bound: float
    method: str


class DegradedView(BaseModel):
    """An engine that did not vote."""

    engine: str
    reason: Literal["unsigned", "unavailable", "failed"]


class FlagsView(BaseModel):
    """What was switched on when the decision was made."""

    digest: str | None = Field(description="Of the set of flags that held; null where none could be read: all off.")
    on: list[str] = Field(description="The flags that were on for this subject, of those that a decision obeys.")


class DecisionSummary(BaseModel):
    """A decision without its engines, explanation and flags."""

    decision_id: str
    model: ModelView
    subject_id: str
    probability: float | None = Field(ge=0, le=1, description="Null where no engine could give one.")
    raw_score: float | None = Field(description="Log-odds of the explained engine, before calibration.")
    band: str = Field(description="What is known, also with an abstention; `unknown` if nothing is.")
    decision: str = Field(description="The band's decision, or `abstain`.")
    abstention: AbstentionView | None
    guarantee: GuaranteeView | None
    degraded: list[DegradedView] = Field(
        description="Engines that were missing; the answer abstains or has the highest band."
    )
    explained_engine: str | None
    as_of: str
    created_at: str
    warnings: list[str]


class DecisionView(DecisionSummary):
    """A decision. Contributions and `base_value` add up to `raw_score`; both are null unless asked for."""

    engines: list[EngineView]
    explanation: list[ReasonView] | None
    base_value: float | None
    flags: FlagsView


class DecisionPage(BaseModel):
    """Decisions, newest first; `next_cursor` is null on the last page."""

    items: list[DecisionSummary]
    next_cursor: str | None
