"""Signing keys and their rotation, in the four steps of Secrets Manager; each may be repeated."""

import secrets
import uuid
from collections.abc import Callable
from datetime import datetime

from vigil.access.tokens.signing_keys_model import ACCESS_SECONDS, Issuer, SigningKeySet, TokenClaims
from vigil.access.tokens.signing_keys_ports import KeyVault, SigningKeySetStore
from vigil.access.tokens.signing_keys_service import (
    AccessTokenVerifier,
    generate_private_key,
    public_coordinates,
    sign_claims,
)
from vigil.errors import Conflict


class SigningKeyRotation:
    """Brings a new signing key into use without a moment at which a good token is refused.

    The secret holds the private keys, for the signer alone. The list of public keys, which every verifier reads,
    says when each may sign and until when it is accepted.
    """

    def __init__(
        self, vault: KeyVault, lists: SigningKeySetStore, issuer: Issuer, clock: Callable[[], datetime]
    ) -> None:
        self._vault = vault
        self._lists = lists
        self._issuer = issuer
        self._clock = clock

    def create(self, version: str) -> None:
        """Keep a ring with a new private key, and those that may still be signing, as the pending version."""
        if self._vault.pending(version) is not None:
            return
        held = {key.kid for key in self._lists.read().accepted_keys(self._now())}
        kept = {kid: pem for kid, pem in self._vault.current().items() if kid in held}
        self._vault.add(version, kept | {secrets.token_hex(8): generate_private_key()})

    def publish(self, version: str) -> None:
        """Publish the public key of the new private key, which starts the time that verifiers get to fetch it."""
        kid, pem = self._new_key(version)
        keys = self._lists.read()
        published = keys.publish(kid, *public_coordinates(pem), self._now())
        if published != keys:
            self._lists.write(published)

    def test(self, version: str) -> None:
        """Raise Conflict unless a token by every key that signers would hold passes what is published."""
        now, keys = self._now(), self._lists.read()
        claims = TokenClaims(uuid.uuid4().hex, "0" * 16, "rotation-test", "viewer", now, now + ACCESS_SECONDS)
        verifier = AccessTokenVerifier(_FixedKeySet(keys), self._issuer, self._clock)
        new, _ = self._new_key(version)
        signing = {new, *(key.kid for key in keys.accepted_keys(now))}  # some may have retired since the ring was made
        for kid, pem in self._ring(version).items():
            if kid in signing and verifier.verify(sign_claims(claims, self._issuer, kid, pem)) != claims:
                raise Conflict("A token by the new keys does not say what was signed.")

    def finish(self, version: str) -> None:
        """Let signers have the new key, and set the end of the older ones."""
        kid, _ = self._new_key(version)
        self._vault.promote(version)
        keys = self._lists.read()
        promoted = keys.promote(kid, self._now())
        if promoted != keys:
            self._lists.write(promoted)

    def _ring(self, version: str) -> dict[str, str]:
        ring = self._vault.pending(version)
        if not ring:
            raise Conflict("The version holds no keys: create comes first.")
        return dict(ring)

    def _new_key(self, version: str) -> tuple[str, str]:
        """Return the id and PEM of the key that a version brought; a ring names its keys in the order of making."""
        return list(self._ring(version).items())[-1]

    def _now(self) -> int:
        return int(self._clock().timestamp())


class _FixedKeySet:
    """A list of public keys that was read a moment ago."""

    def __init__(self, keys: SigningKeySet) -> None:
        self._keys = keys

    def current(self) -> SigningKeySet:
        """Return the list."""
        return self._keys
