"""What persons' rights need from outside: consents, erasures, and every store that keeps something of a person."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from vigil.privacy.persons.model import Consent, Declaration, Person, PersonErasure, PersonErasures, PersonExtract


class ConsentStore(Protocol):
    """What persons declared."""

    def get(self, tenant_id: str, subject_id: str) -> Consent:
        """Return what holds of a person, with its history, read consistently; the empty one of an unknown person."""
        ...

    def add(self, tenant_id: str, subject_id: str, consent: Consent, declaration: Declaration) -> bool:
        """Keep a declaration and what holds after it; return False if `consent` is not what held before it."""
        ...


class PersonErasureStore(Protocol):
    """Erasures of persons, under way and done."""

    def begin(self, tenant_id: str, erasure: PersonErasure) -> bool:
        """Enter an erasure, unless one of the same person is under way; return whether it was entered."""
        ...

    def get(self, tenant_id: str, subject_id: str) -> PersonErasures:
        """Return a person's erasures, read consistently."""
        ...


class PersonStore(Protocol):
    """A store that keeps something of persons."""

    def read(self, person: Person, after: Mapping[str, str] | None, remaining: Callable[[], float], /) -> PersonExtract:
        """Return some of what is kept of a person, in order; with few seconds remaining, less of it."""
        ...


class ConsentRecordingSwitch(Protocol):
    """Who keeps consents."""

    def __call__(self, tenant_id: str) -> Any:
        """Note that a tenant keeps consents, so that scores look at them."""
        ...
