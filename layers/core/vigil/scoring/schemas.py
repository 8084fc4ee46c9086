"""The JSON of the scoring API, as OpenAPI shows it."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, WithJsonSchema

from vigil.platform.schemas import MODEL_NAME, SUBJECT_ID, Moment

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


class ScoreBody(BaseModel):
    """One subject to score: exactly one of `features` and `history`."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(pattern=MODEL_NAME, description="A name from GET /v1/models.")
    subject_id: str = Field(pattern=SUBJECT_ID, description="Your own pseudonym of the person or event.")
    features: Features | None = None
    history: dict[str, Any] | None = Field(
        default=None, description="Dated records, in the `history_schema` of GET /v1/models/{name}; needs `as_of`."
    )
    as_of: Moment | None = Field(
        default=None, description="The moment of the prediction: nothing recorded later is looked at. Default: now."
    )
    explain: StrictBool = Field(default=False, description="Add TreeSHAP contributions; some 80 times the work.")


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


class DecisionSummary(BaseModel):
    """A decision without its explanation."""

    decision_id: str
    model: ModelView
    subject_id: str
    probability: float = Field(ge=0, le=1)
    raw_score: float = Field(description="Log-odds before calibration.")
    band: str
    decision: str
    as_of: str
    created_at: str
    warnings: list[str]


class DecisionView(DecisionSummary):
    """A decision. Contributions and `base_value` add up to `raw_score`; both are null unless asked for."""

    explanation: list[ReasonView] | None
    base_value: float | None


class DecisionPage(BaseModel):
    """Decisions, newest first; `next_cursor` is null on the last page."""

    items: list[DecisionSummary]
    next_cursor: str | None
