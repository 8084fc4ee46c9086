"""Request and response bodies of the subjects API."""

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vigil.kernel.pseudonyms import PSEUDONYM
from vigil.privacy.persons.model import Consent, Declarant, DeclarationPage, PersonErasures, Purpose, Stance
from vigil.privacy.persons.service import DeclarationRequest
from vigil.web.field_types import Moment
from vigil.web.schemas import DATE_TIME, MAX_SUBJECT_ID, SUBJECT_ID

TextVersion = Annotated[
    str,
    Field(
        max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$", description="Version of the text that was shown."
    ),
]


class LookupBody(BaseModel):
    """The person to look up."""

    model_config = ConfigDict(extra="forbid")

    subject_id: str = Field(
        max_length=MAX_SUBJECT_ID, pattern=SUBJECT_ID, description="Your id of the person, as in score requests."
    )


class SubjectView(BaseModel):
    """A person."""

    subject: str = Field(pattern=PSEUDONYM, description="Pseudonym of the person, for paths and queries.")


class ConsentBody(BaseModel):
    """Declaration of a person or of a representative. Omitted purposes are unchanged."""

    model_config = ConfigDict(extra="forbid")

    purposes: dict[Purpose, Stance] = Field(
        description="Vigil enforces `scoring`; it stores the others for you to enforce."
    )
    text_version: TextVersion
    declared_by: Declarant = "subject"
    declared_at: Moment | None = Field(default=None, description="Time of the declaration; default: now.")

    def to_request(self) -> DeclarationRequest:
        """Return the declaration of the body."""
        return DeclarationRequest(self.purposes, self.text_version, self.declared_by, self.declared_at)


class DeclarationView(BaseModel):
    """One declaration with its purposes, text, times and the API key that recorded it."""

    purposes: dict[Purpose, Stance]
    text_version: str
    declared_by: Declarant
    declared_at: str = Field(json_schema_extra=DATE_TIME)
    recorded_at: str = Field(json_schema_extra=DATE_TIME)
    key_id: str


class ConsentState(BaseModel):
    """Current consents of a person; `version` counts the declarations."""

    purposes: dict[Purpose, Stance]
    version: int

    @classmethod
    def from_consent(cls, consent: Consent) -> "ConsentState":
        """Return the view of consents."""
        return cls(**asdict(consent))


class ConsentView(ConsentState):
    """Current consents of a person with a page of the declarations, oldest first.

    `next_cursor` is null on the last page.
    """

    history: list[DeclarationView]
    next_cursor: str | None

    @classmethod
    def from_page(cls, consent: Consent, page: DeclarationPage, next_cursor: str | None) -> "ConsentView":
        """Return the view of consents and a page of their declarations."""
        declared = [DeclarationView(**asdict(each)) for each in page.declarations]
        return cls(**asdict(consent), history=declared, next_cursor=next_cursor)


class ExportView(BaseModel):
    """Data of a person by store; `next_cursor` is null in the last part."""

    data: dict[str, list[dict[str, Any]]]
    next_cursor: str | None


class SealedView(BaseModel):
    """A signed statement of an erasure."""

    payload: str = Field(description="The signed statement: JSON; verify exactly these bytes.")
    signature: str = Field(description="ECDSA signature of the SHA-256 of `payload` in UTF-8, as base64 of DER.")
    algorithm: str
    key_arn: str = Field(description="KMS key of the signature; `GetPublicKey` of KMS returns its public key.")


class RunningView(BaseModel):
    """An erasure in progress."""

    requested_at: str = Field(json_schema_extra=DATE_TIME)
    requested_by: str = Field(description="Id of the API key that requested the erasure.")
    erased: dict[str, int] = Field(description="Number of erased items so far, by store.")


class ErasureView(BaseModel):
    """The erasure in progress (null if there is none), and the certificates of completed ones."""

    running: RunningView | None
    certificates: list[SealedView]

    @classmethod
    def from_erasures(cls, erasures: PersonErasures) -> "ErasureView":
        """Return the view of a person's erasures."""
        running = None
        if erasure := erasures.running:
            erased = {name: sweep.erased for name, sweep in erasure.progress.items()}
            running = RunningView(requested_at=erasure.started_at, requested_by=erasure.key_id, erased=erased)
        names = SealedView.model_fields
        done = [SealedView(**{name: getattr(each, name) for name in names}) for each in erasures.certificates]
        return cls(running=running, certificates=done)
