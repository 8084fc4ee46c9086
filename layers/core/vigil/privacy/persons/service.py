"""The rights of persons: to consent and to withdraw, to see all that is kept, and to have it erased."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from vigil.errors import Conflict, FieldError, MalformedRequest, NotFound
from vigil.kernel.time import format_timestamp
from vigil.privacy.persons.model import (
    Consent,
    Declaration,
    Erasures,
    Giver,
    Person,
    PersonErasure,
    Purpose,
    Stance,
    declared,
)
from vigil.privacy.persons.ports import Cases, Consents, Store, Tenants
from vigil.runtime.retries import TryAgain, retry

CLOCK_SKEW = timedelta(seconds=60)
MOST_CHARACTERS = 1 << 20
"""Of an answer, before the last thing that is added to it; a function may answer 6 MB."""
SPARE_SECONDS = 5.0
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Said:
    """A declaration as it is sent; without a time it was made now."""

    purposes: Mapping[Purpose, Stance]
    text_version: str
    declared_by: Giver
    declared_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """What is kept of a person, by store, and where the rest begins; None if this is all, or the last of it."""

    data: Mapping[str, Sequence[Mapping[str, Any]]]
    next: dict[str, str] | None


class Subjects:
    """Answers for persons, who are known by nothing but a tenant's pseudonym. Holds no state of its own."""

    def __init__(
        self,
        consents: Consents,
        cases: Cases,
        stores: Mapping[str, Store],
        keeps_consents: Tenants,
        clock: Callable[[], datetime],
    ) -> None:
        self._consents = consents
        self._cases = cases
        self._stores = stores
        self._keeps_consents = keeps_consents
        self._clock = clock

    def consent(self, tenant_id: str, subject_id: str) -> Consent:
        """Return what holds of a person's consents, with its history; raise NotFound if nothing was declared."""
        if not (consent := self._consents.get(tenant_id, subject_id)).version:
            raise NotFound("There is no consent of such a subject.")
        return consent

    def declare(self, tenant_id: str, subject_id: str, said: Said, key_id: str, *, known: bool) -> Consent:
        """Keep what a person declares and return what holds from then on.

        `known` says that the tenant is known to keep consents; otherwise that is noted first, so that no withdrawal is
        kept and not looked at. Raises InvalidInput for a declaration that says nothing or is of the future, Conflict if
        others declare at the same time.
        """
        now = self._clock()
        declared(said.purposes, said.declared_at or now, now + CLOCK_SKEW)
        if not known:
            self._keeps_consents(tenant_id)
        declaration = Declaration(
            said.purposes,
            said.text_version,
            said.declared_by,
            format_timestamp(said.declared_at or now),
            format_timestamp(now),
            key_id,
        )

        def attempt() -> Consent:
            consent = self._consents.get(tenant_id, subject_id)
            if self._consents.add(tenant_id, subject_id, consent, declaration):
                return consent.after(declaration)
            raise TryAgain

        error = Conflict("Consents of this subject are being recorded by others; try again.")
        return retry(attempt, attempts=_TRIES, error=error)

    def export(
        self, tenant_id: str, subject_id: str, after: Mapping[str, str] | None, remaining: Callable[[], float]
    ) -> Export:
        """Return what is kept of a person, store by store, as much as time and an answer's size allow.

        All parts together tell what was there when the first was asked for.
        """
        position = {"until": format_timestamp(self._clock()), "store": next(iter(self._stores)), **(after or {})}
        data, size = dict[str, list[Mapping[str, Any]]](), 0
        while True:
            store = position["store"]
            found, following = self._part(tenant_id, subject_id, position, remaining)
            data.setdefault(store, []).extend(found)
            size += len(json.dumps(found))
            if following is None or size > MOST_CHARACTERS or remaining() < SPARE_SECONDS:
                return Export(data, following)
            position = following

    def _part(
        self, tenant_id: str, subject_id: str, position: Mapping[str, str], remaining: Callable[[], float]
    ) -> tuple[tuple[Mapping[str, Any], ...], dict[str, str] | None]:
        """Return entries of one store from a position on, and the position behind them."""
        name, until = position["store"], position["until"]
        if name not in self._stores:
            raise MalformedRequest(FieldError("cursor", "is of another version of the service", "a new export"))
        place = {part: text for part, text in position.items() if part not in {"store", "until"}}
        found = self._stores[name].read(Person(tenant_id, subject_id, until), place or None, remaining)
        if found.after is not None:
            return found.entries, {"store": name, "until": until, **found.after}
        names = list(self._stores)
        rest = names[names.index(name) + 1 :]
        return found.entries, {"store": rest[0], "until": until} if rest else None

    def erase(self, tenant_id: str, subject_id: str, key_id: str) -> Erasures:
        """Begin to erase all that is kept of a person now, unless that is under way, and return how it stands."""
        now = self._clock().astimezone(UTC)
        erasure = PersonErasure(tenant_id, format_timestamp(now), subject_id=subject_id, key_id=key_id)
        if self._cases.begin(tenant_id, erasure):
            return Erasures(erasure, ())
        return self.erasures(tenant_id, subject_id)

    def erasures(self, tenant_id: str, subject_id: str) -> Erasures:
        """Return the erasures of a person; raise NotFound if none was ever asked for."""
        found = self._cases.of(tenant_id, subject_id)
        if found.running is None and not found.certificates:
            raise NotFound("There is no erasure of such a subject.")
        return found
