"""What an offboarding needs from outside: the stores to erase, its own books, and a seal."""

from collections.abc import Sequence
from typing import Protocol

from vigil.tenancy.offboarding.model import Certificate, Erasure, Found, Key


class Erasable(Protocol):
    """A store that keeps what tenants own."""

    def find(self, tenant_id: str, after: Key | None) -> Found:
        """Return a page of all that is kept of a tenant, from the beginning or after a page; pages may be empty."""
        ...

    def delete(self, tenant_id: str, keys: Sequence[Key]) -> None:
        """Delete what keys name; what is gone already is no error."""
        ...


class Erasures(Protocol):
    """The erasures under way, and the certificates of those that are done."""

    def pending(self) -> list[Erasure]:
        """Return every erasure that is under way."""
        ...

    def save(self, tenant_id: str, erasure: Erasure) -> bool:
        """Keep a step; return False if another worker has made one since."""
        ...

    def close(self, tenant_id: str, erasure: Erasure, certificate: Certificate) -> bool:
        """Close the tenant, keep the certificate and end the erasure, all or nothing; False as for `save`."""
        ...

    def certificate(self, tenant_id: str) -> Certificate | None:
        """Return the certificate of a closed tenant."""
        ...


class Seal(Protocol):
    """A signature that others can verify."""

    def sign(self, tenant_id: str, payload: bytes) -> Certificate:
        """Return the certificate of a statement."""
        ...
