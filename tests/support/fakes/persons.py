"""Fakes for the rights of persons: consents, erasures and a store with data of persons."""

from collections.abc import Callable, Mapping

from vigil.privacy.persons.model import (
    Consent,
    Declaration,
    DeclarationPage,
    Person,
    PersonErasure,
    PersonErasures,
    PersonExtract,
)


class FakeConsentStore:
    """Consents in memory; `overtaken` rejects that many declarations."""

    def __init__(self) -> None:
        self.consents: dict[tuple[str, str], Consent] = {}
        self.declarations: dict[tuple[str, str], list[Declaration]] = {}
        self.overtaken = 0

    def get(self, tenant_id: str, subject: str) -> Consent:
        return self.consents.get((tenant_id, subject), Consent())

    def add(self, tenant_id: str, subject: str, consent: Consent, declaration: Declaration) -> bool:
        if self.overtaken or consent != self.get(tenant_id, subject):
            self.overtaken -= 1
            return False
        self.consents[tenant_id, subject] = consent.with_declaration(declaration)
        self.declarations.setdefault((tenant_id, subject), []).append(declaration)
        return True

    def history(self, tenant_id: str, subject_id: str, after: dict[str, str] | None, limit: int) -> DeclarationPage:
        start = int(after["sk"]) if after else 0
        known = self.declarations.get((tenant_id, subject_id), [])
        position = {"sk": str(start + limit)} if len(known) > start + limit else None
        return DeclarationPage(tuple(known[start : start + limit]), position)


class FakePersonErasureStore:
    """Erasures in memory."""

    def __init__(self) -> None:
        self.erasures: dict[tuple[str, str], PersonErasure] = {}

    def begin(self, tenant_id: str, erasure: PersonErasure) -> bool:
        return self.erasures.setdefault((tenant_id, erasure.subject), erasure) is erasure

    def get(self, tenant_id: str, subject: str) -> PersonErasures:
        return PersonErasures(self.erasures.get((tenant_id, subject)), ())


class FakePersonStore:
    """Numbered entries about persons, `size` per part; `requests` records the persons and positions."""

    def __init__(self, count: int, size: int = 2) -> None:
        self.requests: list[tuple[Person, Mapping[str, str] | None]] = []
        self._count = count
        self._size = size

    def read(self, person: Person, after: Mapping[str, str] | None, remaining: Callable[[], float]) -> PersonExtract:
        self.requests.append((person, after))
        start = int(after["number"]) if after else 0
        end = min(start + self._size, self._count)
        entries = tuple({"number": number} for number in range(start, end))
        return PersonExtract(entries, {"number": str(end)} if end < self._count else None)
