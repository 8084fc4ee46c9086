"""What requests and answers about persons look like."""

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vigil.privacy.persons.model import Consent, Erasures, Giver, Purpose, Stance
from vigil.privacy.persons.service import Said
from vigil.web.schemas import DATE_TIME, Timestamp

Text = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$", description="Which text was shown.")]


class ConsentBody(BaseModel):
    """What a person declares, or who may speak for one. Purposes that are left out stay as they are."""

    model_config = ConfigDict(extra="forbid")

    purposes: dict[Purpose, Stance] = Field(
        description="`scoring` is held to by this service; the others are kept for you to obey."
    )
    text_version: Text
    declared_by: Giver = "subject"
    declared_at: Timestamp | None = Field(default=None, description="When it was declared, if not now.")

    def said(self) -> Said:
        """Return what the body says."""
        return Said(self.purposes, self.text_version, self.declared_by, self.declared_at)


class DeclarationView(BaseModel):
    """One declaration: what, by whom, on which text, when, and with which key it was recorded."""

    purposes: dict[Purpose, Stance]
    text_version: str
    declared_by: Giver
    declared_at: str = Field(json_schema_extra=DATE_TIME)
    recorded_at: str = Field(json_schema_extra=DATE_TIME)
    key_id: str


class ConsentView(BaseModel):
    """What holds of a person's consents, and every declaration, oldest first."""

    purposes: dict[Purpose, Stance]
    version: int
    history: list[DeclarationView]

    @classmethod
    def of(cls, consent: Consent) -> "ConsentView":
        """Return the view of consents."""
        return cls(**asdict(consent))


class ExportView(BaseModel):
    """What is kept of a person, by store; `next_cursor` is null if this is all, or the last of it."""

    data: dict[str, list[dict[str, Any]]]
    next_cursor: str | None


class SealedView(BaseModel):
    """A signed statement of an erasure."""

    payload: str = Field(description="The statement as it was signed: JSON, whose every byte counts.")
    signature: str = Field(description="Base64 of DER, over the SHA-256 of `payload` in UTF-8.")
    algorithm: str
    key_arn: str = Field(description="The key of KMS that signed; `GetPublicKey` gives what verifies.")


class RunningView(BaseModel):
    """An erasure that is under way."""

    requested_at: str = Field(json_schema_extra=DATE_TIME)
    requested_by: str = Field(description="The key that asked for it.")
    erased: dict[str, int] = Field(description="How many things so far, by store.")


class ErasureView(BaseModel):
    """The erasure that is under way, null if there is none, and the certificates of those that are done."""

    running: RunningView | None
    certificates: list[SealedView]

    @classmethod
    def of(cls, erasures: Erasures) -> "ErasureView":
        """Return the view of a person's erasures."""
        running = None
        if case := erasures.running:
            erased = {name: sweep.erased for name, sweep in case.sweeps.items()}
            running = RunningView(requested_at=case.started_at, requested_by=case.key_id, erased=erased)
        names = SealedView.model_fields
        done = [SealedView(**{name: getattr(each, name) for name in names}) for each in erasures.certificates]
        return cls(running=running, certificates=done)
