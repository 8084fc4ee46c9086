"""Ports of erasures: the stores to erase, the storage of progress, and the signer of certificates."""

from collections.abc import Sequence
from typing import Any, Protocol

from vigil.privacy.erasure.model import Certificate, Erasure, FoundKeys, Key


class ErasableStore(Protocol):
    """A store with data of owners; an owner is a tenant id or a person."""

    def find(self, owner: Any, after: Key | None, /) -> FoundKeys:
        """Return a page of the owner's keys, from the start or after a page; a page may be empty.

        Raises Conflict while work on the data is in progress; a later run tries again.
        """
        ...

    def delete(self, owner: Any, keys: Sequence[Key], /) -> Sequence[Key] | None:
        """Delete the items of these keys; missing items are ignored.

        Returns the keys that remain to be deleted if the work is too large for one call.
        """
        ...


class ErasureStore(Protocol):
    """Erasures in progress."""

    def pending(self) -> Sequence[Erasure]:
        """Return every erasure in progress."""
        ...

    def save(self, tenant_id: str, erasure: Any, /) -> bool:
        """Store a step; return False if another worker has stored one since."""
        ...

    def close(self, tenant_id: str, erasure: Any, certificate: Certificate, /) -> bool:
        """Store the certificate and end the erasure in one transaction; return False as in `save`.

        The erasure of a tenant also closes the tenant.
        """
        ...


class CertificateArchive(Protocol):
    """Certificates of closed tenants."""

    def certificate(self, tenant_id: str) -> Certificate | None:
        """Return the certificate of a closed tenant, or None."""
        ...


class CertificateSigner(Protocol):
    """Signatures that others can verify."""

    def sign(self, tenant_id: str, payload: bytes) -> Certificate:
        """Return the signed certificate of a statement."""
        ...
