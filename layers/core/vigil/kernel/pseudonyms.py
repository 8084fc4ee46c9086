"""Pseudonyms of subjects: keyed digests that lose their meaning when the tenant's key is destroyed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from vigil.kernel.keyed_digests import keyed_digests

PSEUDONYM_PREFIX = "sub-"
PSEUDONYM = r"^sub-[0-9a-f]{40}$"
"""Pattern of pseudonyms. FHIR allows them as ids: letters, digits, hyphens and dots, at most 64 characters."""
_DIGITS = 40


@dataclass(frozen=True, slots=True)
class TenantKey:
    """The secret key of a tenant. Every digest of a caller's data that Vigil stores or sends is made with it.

    Each one is `HMAC(key, SHA-256 digest)`, so that older digests without a key can be converted.
    """

    tenant_id: str
    secret: bytes = field(repr=False)
    has_keyed_ids: bool = True
    """True if ids of decisions and batches are made with this key; False for a tenant of an earlier release."""

    def pseudonym(self, subject_id: str) -> str:
        """Return the pseudonym of a subject: `sub-` and 40 hexadecimal digits."""
        return self.convert_subject_digest(unkeyed_subject_digest(self.tenant_id, subject_id))

    def recognizer(self, pseudonym: str) -> Callable[[str], bool]:
        """Return a function that returns True for the id of the subject with this pseudonym."""
        return lambda subject_id: self.pseudonym(subject_id) == pseudonym

    def convert_subject_digest(self, digest: str) -> str:
        """Return the pseudonym of a subject whose unkeyed digest is known."""
        return PSEUDONYM_PREFIX + self.convert_digest(digest)[:_DIGITS]

    def digest(self, content: bytes) -> str:
        """Return the keyed digest of data about a subject, as 64 hexadecimal digits."""
        return self.convert_digest(hashlib.sha256(content).hexdigest())

    def convert_digest(self, digest: str) -> str:
        """Return the keyed digest of data whose SHA-256 is known."""
        return keyed_digests(self.secret, (digest.encode(),))[0]


TenantKeys: TypeAlias = Callable[[str], TenantKey]
"""Function that returns the key of a tenant. Raises Unavailable if there is none."""


def unkeyed_subject_digest(tenant_id: str, subject_id: str) -> str:
    """Return the digest that a tenant's key turns into a pseudonym. It is never stored: ids can be guessed from it."""
    return hashlib.sha256(f"{tenant_id}#{subject_id}".encode()).hexdigest()[:_DIGITS]
