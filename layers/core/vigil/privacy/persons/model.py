"""Consents, data extracts and erasures of scored persons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from vigil.errors import FieldError, InvalidInput
from vigil.kernel.events import Event, create_event
from vigil.privacy.erasure.model import Certificate, Erasure, StoreResults, canonical_json

Purpose = Literal["scoring", "research", "contact"]
"""Purpose of data use. Vigil enforces `scoring`; it stores the others for the tenant to enforce."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
Stance = Literal["given", "withdrawn"]
MAX_DECLARATIONS = 999_999
"""Maximum declarations of a person; their keys have six digits."""
Declarant = Literal["subject", "representative"]
RETAINED_PERSON_DATA = (
    "Ids, times, models and versions of decisions, so that counts and bills stay correct: no facts, no subject.",
    "Counts of decisions by day, feature range, score and group, for 800 days: no ids, no subject.",
    "Withdrawn purposes, under the subject's pseudonym, so that the withdrawal of scoring stays in effect.",
    "This certificate, under the same pseudonym. The pseudonym loses its meaning when the tenant's key is destroyed.",
    "Number of each erased batch row, in a line that says that it was erased; nothing else of the row.",
    "Number and model of each erased batch row in the list of scored chunks, and counts of rows for monitoring.",
    "Values of batch rows with the id of another subject, also if they mention this subject's id.",
    "Row number, keyed digest and error of batch rows without an answer whose file had expired: no subject, no facts.",
    "Digests of batch orders and of parts of results, which lose their meaning when the tenant's key is destroyed.",
    "Uploads of batch files that were not completed, which no request can read, for at most two days.",
    "Data that was sent after the request to erase.",
    "Change streams, for 24 hours.",
    "Stored responses, which expire after 24 hours and are deleted within days after that.",
    "Stored responses are encrypted with the caller's Idempotency-Key.",
    "Copies of a decision in caches of callers, for an hour.",
    "Point-in-time backups of whole tables, for 35 days; after a restore the erasure is repeated.",
    "Sent events and log lines: ids, models and bands, in events the subject's pseudonym; no facts.",
    "Deliveries of such events to webhooks of the tenant, for 30 days.",
)
"""Data that remains after a person's erasure, and for how long. The certificate contains these sentences."""
PersonChange = Literal["consent", "withdrawal", "erasure"]
"""Change that `persons.changed` reports. A declaration with a withdrawn purpose is a `withdrawal`."""
STATEMENT_FORMAT = 2
"""Version of the statement. The first one has no version; it names the subject by a digest without a key."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declaration by a person or a representative. Times are ISO 8601 in UTC.

    `text_version` names the text that was shown. `declared_at` is the time of the person's declaration, `recorded_at`
    the time of storage. `key_id` is the API key that recorded it.
    """

    purposes: Mapping[Purpose, Stance]
    text_version: str
    declared_by: Declarant
    declared_at: str
    recorded_at: str
    key_id: str


@dataclass(frozen=True, slots=True)
class Consent:
    """Consents of a person: the last declaration of each purpose. `version` counts the declarations."""

    purposes: Mapping[Purpose, Stance] = field(default_factory=dict)
    version: int = 0

    def with_declaration(self, declaration: Declaration) -> "Consent":
        """Return the consents after a declaration; purposes without a new value are unchanged."""
        purposes = {**self.purposes, **declaration.purposes}
        return Consent(purposes, self.version + 1)


@dataclass(frozen=True, slots=True)
class DeclarationPage:
    """Declarations of a person, oldest first, and the position of the next page; None after the last."""

    declarations: tuple[Declaration, ...]
    next: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Person:
    """A subject of a tenant by its pseudonym, limited to data that was stored up to a time (ISO 8601 in UTC)."""

    tenant_id: str
    subject: str
    until: str


@dataclass(frozen=True, slots=True)
class PersonErasure(Erasure):
    """Erasure of the data that a person had at the time of the request."""

    subject: str = ""
    """Pseudonym of the person."""
    key_id: str = ""
    """Id of the API key that requested the erasure."""

    @property
    def owner(self) -> Person:
        """Owner of the data in the form that stores accept."""
        return Person(self.tenant_id, self.subject, self.started_at)

    def payload(self, certificate_id: str, stage: str, certified_at: str, stores: StoreResults) -> bytes:
        """Return the bytes of the statement that the certificate signs."""
        return canonical_json(
            {
                "format": STATEMENT_FORMAT,
                "certificate_id": certificate_id,
                "stage": stage,
                "tenant_id": self.tenant_id,
                "subject": self.subject,
                "requested_at": self.started_at,
                "requested_by": self.key_id,
                "certified_at": certified_at,
                "stores": {name: dict(result) for name, result in stores.items()},
                "kept": RETAINED_PERSON_DATA,
            }
        )


@dataclass(frozen=True, slots=True)
class PersonErasures:
    """The erasure of a person in progress, if any, and the certificates of the completed ones."""

    running: PersonErasure | None
    certificates: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True)
class PersonExtract:
    """A part of a person's data in a store, as JSON values, and the position of the next part; None after the last."""

    entries: tuple[Mapping[str, Any], ...]
    after: Mapping[str, str] | None


def check_declaration(purposes: Mapping[Purpose, Stance], declared_at: datetime, latest: datetime) -> None:
    """Raise InvalidInput for a declaration without purposes, or with a time after `latest`."""
    if not purposes:
        raise InvalidInput(FieldError("purposes", "has no purpose", f"one or more of {', '.join(PURPOSES)}"))
    if declared_at > latest:
        raise InvalidInput(FieldError("declared_at", "is in the future", "at most 60 s ahead of the service's clock"))


def change_of(declaration: Declaration) -> PersonChange:
    """Return the change that a declaration makes."""
    return "withdrawal" if "withdrawn" in declaration.purposes.values() else "consent"


def changed_event(person: Person, change: PersonChange, number: str) -> Event:
    """Return the event of a change; `number` identifies it among the changes of the person. The time is `until`."""
    source_id = f"{person.tenant_id}.{person.subject}.{change}.{number}"
    fields = {"tenant_id": person.tenant_id, "subject": person.subject, "change": change}
    return create_event(source_id, "persons.changed", person.until, fields)
