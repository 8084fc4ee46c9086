"""Ports of persons' rights: consents, erasures, and the stores with data of persons."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from vigil.privacy.persons.model import (
    Consent,
    Declaration,
    DeclarationPage,
    Person,
    PersonErasure,
    PersonErasures,
    PersonExtract,
)


class ConsentStore(Protocol):
    """Consents of persons."""

    def get(self, tenant_id: str, subject: str) -> Consent:
        """Return a person's consents, read consistently; empty for an unknown person."""
        ...

    def history(self, tenant_id: str, subject: str, after: dict[str, str] | None, limit: int) -> DeclarationPage:
        """Return a page of a person's declarations, oldest first, read consistently."""
        ...

    def add(self, tenant_id: str, subject: str, consent: Consent, declaration: Declaration) -> bool:
        """Store a declaration and the resulting consents; return False if `consent` is no longer the stored state."""
        ...


class PersonErasureStore(Protocol):
    """Erasures of persons, in progress and completed."""

    def begin(self, tenant_id: str, erasure: PersonErasure) -> bool:
        """Store a new erasure; return False if one of the same person is in progress."""
        ...

    def get(self, tenant_id: str, subject: str) -> PersonErasures:
        """Return a person's erasures, read consistently."""
        ...


class PersonStore(Protocol):
    """A store with data of persons."""

    def read(self, person: Person, after: Mapping[str, str] | None, remaining: Callable[[], float], /) -> PersonExtract:
        """Return the next part of a person's data, after the position `after`.

        `remaining` returns the seconds left for the request. The part is smaller if few are left.
        """
        ...


class ConsentRecordingSwitch(Protocol):
    """Marks a tenant as recording consents."""

    def __call__(self, tenant_id: str) -> Any:
        """Mark a tenant as recording consents, so that scores check them."""
        ...
