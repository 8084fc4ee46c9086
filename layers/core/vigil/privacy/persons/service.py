"""Rights of persons: to give and withdraw consent, to export their data, and to have it erased."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from vigil.errors import Conflict, FieldError, MalformedRequest, NotFound
from vigil.kernel.events import PublishEvent
from vigil.kernel.pseudonyms import TenantKeys
from vigil.kernel.time import format_timestamp
from vigil.privacy.persons.model import (
    MAX_DECLARATIONS,
    Consent,
    Declarant,
    Declaration,
    DeclarationPage,
    Person,
    PersonErasure,
    PersonErasures,
    Purpose,
    Stance,
    change_of,
    changed_event,
    check_declaration,
)
from vigil.privacy.persons.ports import (
    ConsentRecordingSwitch,
    ConsentStore,
    PersonErasureStore,
    PersonStore,
)
from vigil.runtime.retries import TryAgain, retry

MAX_CLOCK_SKEW = timedelta(seconds=60)
"""Maximum time by which a declaration may be ahead of the service's clock."""
MAX_PART_CHARACTERS = 1 << 20
"""Size of an export part after which no further data is added, in characters; a Lambda response may have 6 MB."""
MIN_REMAINING_SECONDS = 5.0
"""Minimum remaining time of a request for more data, in seconds."""
_MAX_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class DeclarationRequest:
    """A declaration as received. If `declared_at` is None, the declaration gets the current time."""

    purposes: Mapping[Purpose, Stance]
    text_version: str
    declared_by: Declarant
    declared_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ExportPart:
    """Data of a person by store, and the position of the next part; None after the last."""

    data: Mapping[str, Sequence[Mapping[str, Any]]]
    next: dict[str, str] | None


class PersonRights:
    """Consents, exports and erasures of persons; the service knows only the tenant's pseudonyms for them."""

    def __init__(
        self,
        consents: ConsentStore,
        erasures: PersonErasureStore,
        stores: Mapping[str, PersonStore],
        enable_consents: ConsentRecordingSwitch,
        clock: Callable[[], datetime],
        keys: TenantKeys,
        publish: PublishEvent,
    ) -> None:
        self._consents = consents
        self._erasures = erasures
        self._stores = stores
        self._enable_consents = enable_consents
        self._clock = clock
        self._keys = keys
        self._publish = publish

    def pseudonym(self, tenant_id: str, subject_id: str) -> str:
        """Return the pseudonym of a person. It does not depend on stored data of the person."""
        return self._keys(tenant_id).pseudonym(subject_id)

    def consent(self, tenant_id: str, subject: str) -> Consent:
        """Return a person's consents; raise NotFound if there is no declaration."""
        if not (consent := self._consents.get(tenant_id, subject)).version:
            raise NotFound("There is no consent of this subject. Declare one by PUT.")
        return consent

    def declarations(
        self, tenant_id: str, subject_id: str, after: dict[str, str] | None, limit: int
    ) -> DeclarationPage:
        """Return a page of a person's declarations, oldest first."""
        return self._consents.history(tenant_id, subject_id, after, limit)

    def declare(
        self, tenant_id: str, subject: str, request: DeclarationRequest, key_id: str, *, known: bool
    ) -> Consent:
        """Store a declaration, publish the change, and return the resulting consents.

        If `known` is false, the tenant is first marked as recording consents, so that scores check every stored
        withdrawal. Raises InvalidInput for a declaration without purposes or in the future, Conflict after repeated
        concurrent changes, and Unavailable if the declaration is stored but its event is not published.
        """
        now = self._clock()
        check_declaration(request.purposes, request.declared_at or now, now + MAX_CLOCK_SKEW)
        if not known:
            self._enable_consents(tenant_id)
        declaration = Declaration(
            request.purposes,
            request.text_version,
            request.declared_by,
            format_timestamp(request.declared_at or now),
            format_timestamp(now),
            key_id,
        )

        def attempt() -> Consent:
            consent = self._consents.get(tenant_id, subject)
            if consent.version >= MAX_DECLARATIONS:
                raise Conflict(f"This subject has {MAX_DECLARATIONS} declarations, the maximum. The last one is valid.")
            if self._consents.add(tenant_id, subject, consent, declaration):
                return consent.with_declaration(declaration)
            raise TryAgain

        error = Conflict("The consents of this subject are being changed by other requests; try again.")
        changed = retry(attempt, attempts=_MAX_ATTEMPTS, error=error)
        person = Person(tenant_id, subject, declaration.recorded_at)
        self._publish(changed_event(person, change_of(declaration), str(changed.version)))
        return changed

    def export(
        self, tenant_id: str, subject: str, after: Mapping[str, str] | None, remaining: Callable[[], float]
    ) -> ExportPart:
        """Return a person's data, store by store, as much as time and response size allow.

        All parts together contain the data at the time of the first request. `remaining` returns the remaining seconds.
        """
        position = {"until": format_timestamp(self._clock()), "store": next(iter(self._stores)), **(after or {})}
        data, size = dict[str, list[Mapping[str, Any]]](), 0
        while True:
            store = position["store"]
            found, following = self._part(tenant_id, subject, position, remaining)
            data.setdefault(store, []).extend(found)
            size += len(json.dumps(found))
            if following is None or size > MAX_PART_CHARACTERS or remaining() < MIN_REMAINING_SECONDS:
                return ExportPart(data, following)
            position = following

    def _part(
        self, tenant_id: str, subject: str, position: Mapping[str, str], remaining: Callable[[], float]
    ) -> tuple[tuple[Mapping[str, Any], ...], dict[str, str] | None]:
        """Return entries of one store after a position, and the next position."""
        name, until = position["store"], position["until"]
        if name not in self._stores:
            raise MalformedRequest(FieldError("cursor", "is from another version of the service", "start a new export"))
        position_in_store = {part: text for part, text in position.items() if part not in {"store", "until"}}
        found = self._stores[name].read(Person(tenant_id, subject, until), position_in_store or None, remaining)
        if found.after is not None:
            return found.entries, {"store": name, "until": until, **found.after}
        names = list(self._stores)
        rest = names[names.index(name) + 1 :]
        return found.entries, {"store": rest[0], "until": until} if rest else None

    def erase(self, tenant_id: str, subject: str, key_id: str) -> PersonErasures:
        """Start the erasure of a person's present data, unless one is in progress; return the person's erasures.

        The event of the running erasure is published again, because the first request may have ended before. Raises
        Unavailable if the erasure is stored but its event is not published.
        """
        now = self._clock().astimezone(UTC)
        erasure = PersonErasure(tenant_id, format_timestamp(now), subject=subject, key_id=key_id)
        begun = self._erasures.begin(tenant_id, erasure)
        found = PersonErasures(erasure, ()) if begun else self.erasures(tenant_id, subject)
        if running := found.running:
            self._publish(changed_event(running.owner, "erasure", _digits(running.started_at)))
        return found

    def erasures(self, tenant_id: str, subject: str) -> PersonErasures:
        """Return the erasures of a person; raise NotFound if there is none."""
        found = self._erasures.get(tenant_id, subject)
        if found.running is None and not found.certificates:
            raise NotFound("There is no erasure of this subject. Start one by DELETE.")
        return found


def _digits(timestamp: str) -> str:
    return "".join(filter(str.isdigit, timestamp))
