"""What an erasure needs from outside: the stores to erase, its own books, and a seal."""

from collections.abc import Sequence
from typing import Any, Protocol

from vigil.privacy.erasure.model import Certificate, Erasure, FoundKeys, Key


class ErasableStore(Protocol):
    """A store that keeps what somebody owns: a tenant, named by its id, or a person."""

    def find(self, owner: Any, after: Key | None, /) -> FoundKeys:
        """Return a page of all that is kept of the owner, from the beginning or after a page; pages may be empty.

        Raises Conflict while work on it is under way, which has to end first.
        """
        ...

    def delete(self, owner: Any, keys: Sequence[Key], /) -> Sequence[Key] | None:
        """Delete what keys name; what is gone already is no error.

        Returns what is left to do, as other keys, where that is too much for once.
        """
        ...


class ErasureStore(Protocol):
    """The erasures under way."""

    def pending(self) -> Sequence[Erasure]:
        """Return every erasure that is under way."""
        ...

    def save(self, tenant_id: str, erasure: Any, /) -> bool:
        """Keep a step; return False if another worker has made one since."""
        ...

    def close(self, tenant_id: str, erasure: Any, certificate: Certificate, /) -> bool:
        """Keep the certificate and end the erasure, a tenant's with the tenant, all or nothing; False as for `save`."""
        ...


class CertificateArchive(Protocol):
    """The certificates of tenants that are closed."""

    def certificate(self, tenant_id: str) -> Certificate | None:
        """Return the certificate of a closed tenant."""
        ...


class CertificateSigner(Protocol):
    """A signature that others can verify."""

    def sign(self, tenant_id: str, payload: bytes) -> Certificate:
        """Return the certificate of a statement."""
        ...
