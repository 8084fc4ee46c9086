"""A person whose data a tenant has scored: consents, all that is kept, and the erasure of it. Pure values and rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from vigil.errors import FieldError, InvalidInput
from vigil.kernel.ids import subject_digest
from vigil.privacy.erasure.model import Certificate, Erasure, StoreResults, canonical_json

Purpose = Literal["scoring", "research", "contact"]
"""What data are used for. `scoring` is held to here; the others are kept for the tenant to obey."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
Stance = Literal["given", "withdrawn"]
Declarant = Literal["subject", "representative"]
RETAINED_PERSON_DATA = (
    "Of decisions their ids, times, models and versions, so that counts and bills stay true: no facts, no subject.",
    "That purposes are withdrawn, under a digest of the subject's id, so that nobody is scored who withdrew that.",
    "Under the same digest, this certificate.",
    "Of rows in batches that got no answer a number, a digest of the row and what was wrong: no subject, no facts.",
    "What was sent after the erasure was asked for.",
    "Streams of changes and kept answers, for 24 hours; the latter are sealed with their caller's Idempotency-Key.",
    "Copies that callers keep of a decision, for an hour.",
    "Point-in-time backups of whole tables, for 35 days; after a restore the erasure is repeated.",
    "Events that were sent and log lines: ids, models and bands, in events a digest of the subject's id, no facts.",
)
"""What an erasure leaves, and for how long."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a person, or who may speak for one, has declared. Times are ISO 8601 in UTC.

    `text_version` names the text that was shown; `declared_at` is the person's time, `recorded_at` ours; `key_id` is
    the credential that recorded it.
    """

    purposes: Mapping[Purpose, Stance]
    text_version: str
    declared_by: Declarant
    declared_at: str
    recorded_at: str
    key_id: str


@dataclass(frozen=True, slots=True)
class Consent:
    """What holds of a person's consents: of each purpose what was declared last. `version` counts declarations."""

    purposes: Mapping[Purpose, Stance] = field(default_factory=dict)
    version: int = 0
    history: tuple[Declaration, ...] = ()

    def with_declaration(self, declaration: Declaration) -> "Consent":
        """Return what holds from a declaration on: purposes that it does not name stay as they are."""
        purposes = {**self.purposes, **declaration.purposes}
        return Consent(purposes, self.version + 1, (*self.history, declaration))


@dataclass(frozen=True, slots=True)
class Person:
    """A subject of a tenant; of all that is kept, what came up to a moment (ISO 8601 in UTC)."""

    tenant_id: str
    subject_id: str
    until: str

    @property
    def digest(self) -> str:
        """What stands for the subject in keys, and in certificates."""
        return subject_digest(self.tenant_id, self.subject_id)


@dataclass(frozen=True, slots=True)
class PersonErasure(Erasure):
    """The erasure of what was kept of one person when it was asked for."""

    subject_id: str = ""
    key_id: str = ""
    """The credential that asked for it."""

    @property
    def owner(self) -> Person:
        """Whose: what stores are asked by."""
        return Person(self.tenant_id, self.subject_id, self.started_at)

    def payload(self, certificate_id: str, stage: str, certified_at: str, stores: StoreResults) -> bytes:
        """Return the statement that a certificate signs."""
        return canonical_json(
            {
                "certificate_id": certificate_id,
                "stage": stage,
                "tenant_id": self.tenant_id,
                "subject": self.owner.digest,
                "requested_at": self.started_at,
                "requested_by": self.key_id,
                "certified_at": certified_at,
                "stores": {name: dict(swept) for name, swept in stores.items()},
                "kept": RETAINED_PERSON_DATA,
            }
        )


@dataclass(frozen=True, slots=True)
class PersonErasures:
    """The erasure of a person that is under way, if there is one, and the certificates of those before it."""

    running: PersonErasure | None
    certificates: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True)
class PersonExtract:
    """Some of what a store keeps of a person, as JSON values, and where to read on; None at the end."""

    entries: tuple[Mapping[str, Any], ...]
    after: Mapping[str, str] | None


def check_declaration(purposes: Mapping[Purpose, Stance], declared_at: datetime, latest: datetime) -> None:
    """Raise InvalidInput for a declaration that says nothing, or that was made after `latest`."""
    if not purposes:
        raise InvalidInput(FieldError("purposes", "names no purpose", f"one or more of {', '.join(PURPOSES)}"))
    if declared_at > latest:
        raise InvalidInput(FieldError("declared_at", "is in the future", "at most 60 s ahead of our clock"))
