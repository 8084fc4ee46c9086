"""Ports of signing keys: public keys, private keys and token verification."""

from collections.abc import Mapping
from typing import Protocol

from vigil.access.tokens.signing_keys_model import SigningKeySet, TokenClaims


class PublishedKeys(Protocol):
    """The published keys for verifiers."""

    def current(self) -> SigningKeySet:
        """Return the key set, at most `CACHE_SECONDS` old; an empty set is not cached."""
        ...


class SigningKeySetStore(Protocol):
    """The published keys for the rotation."""

    def read(self) -> SigningKeySet:
        """Return the stored key set, without a cache."""
        ...

    def write(self, keys: SigningKeySet) -> None:
        """Replace the key set; raise Conflict if its revision is not the stored one."""
        ...


class PrivateKeys(Protocol):
    """The private keys for signers."""

    def private_keys(self) -> Mapping[str, str]:
        """Return PEM by key id, at most `CACHE_SECONDS` old while the secret store answers."""
        ...


class TokenVerifier(Protocol):
    """Verification of access tokens."""

    def verify(self, text: str) -> TokenClaims:
        """Return the claims of a token; raise Unauthenticated for an invalid or expired one."""
        ...


class KeyVault(Protocol):
    """Versions of the secret with the private keys. A ring is a mapping of key id to PEM."""

    def current(self) -> Mapping[str, str]:
        """Return the ring that signers use."""
        ...

    def pending(self, version: str) -> Mapping[str, str] | None:
        """Return the ring of a version, or None if it has none yet."""
        ...

    def add(self, version: str, ring: Mapping[str, str]) -> None:
        """Store a ring as the pending version."""
        ...

    def promote(self, version: str) -> None:
        """Make a version the current one for signers; a second call has no effect."""
        ...
