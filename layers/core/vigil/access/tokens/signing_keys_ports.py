"""What access tokens need from outside: the keys that verify, and those that sign."""

from collections.abc import Mapping
from typing import Protocol

from vigil.access.tokens.signing_keys_model import Claims, KeyList


class PublicKeys(Protocol):
    """The published keys, as verifiers know them."""

    def current(self) -> KeyList:
        """Return the list, at most `CACHE_SECONDS` old; an empty list is never kept."""
        ...


class KeyLists(Protocol):
    """The published keys, as the rotation changes them."""

    def read(self) -> KeyList:
        """Return the list as it stands."""
        ...

    def write(self, keys: KeyList) -> None:
        """Replace the list whose revision this is; raise Conflict if another has been written since."""
        ...


class PrivateKeys(Protocol):
    """The keys that sign, as signers know them."""

    def private_keys(self) -> Mapping[str, str]:
        """Return PEM by key id, at most `CACHE_SECONDS` old while the secret store answers."""
        ...


class AccessTokens(Protocol):
    """Verification of access tokens."""

    def verify(self, text: str) -> Claims:
        """Return what a token says; raise Unauthenticated for any but a living one of ours."""
        ...


class Vault(Protocol):
    """The versions of the secret that holds the keys that sign. A ring is PEM by key id."""

    def current(self) -> Mapping[str, str]:
        """Return the ring that signers use."""
        ...

    def pending(self, version: str) -> Mapping[str, str] | None:
        """Return the ring of a version that is not in use yet, or None."""
        ...

    def add(self, version: str, ring: Mapping[str, str]) -> None:
        """Keep a ring as the pending version."""
        ...

    def promote(self, version: str) -> None:
        """Make a version the one that signers use; doing so twice changes nothing."""
        ...
