"""Rotation of signing keys in the four steps of Secrets Manager; each step can be repeated."""

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
    """Introduces a new signing key without rejecting a valid token at any time.

    Only signers read the secret with the private keys. All verifiers read the set of public keys, which defines when
    each key may sign and until when it is accepted.
    """

    def __init__(
        self, vault: KeyVault, lists: SigningKeySetStore, issuer: Issuer, clock: Callable[[], datetime]
    ) -> None:
        self._vault = vault
        self._lists = lists
        self._issuer = issuer
        self._clock = clock

    def create(self, version: str) -> None:
        """Store a pending ring of private keys: a new key, and the current keys whose tokens are still accepted."""
        if self._vault.pending(version) is not None:
            return
        accepted = {key.kid for key in self._lists.read().accepted_keys(self._now())}
        signing_ring = {kid: pem for kid, pem in self._vault.current().items() if kid in accepted}
        self._vault.add(version, signing_ring | {secrets.token_hex(8): generate_private_key()})

    def publish(self, version: str) -> None:
        """Publish the public part of the new key; verifiers then have time to fetch it."""
        kid, pem = self._new_key(version)
        keys = self._lists.read()
        published = keys.publish(kid, *public_coordinates(pem), self._now())
        if published != keys:
            self._lists.write(published)

    def test(self, version: str) -> None:
        """Sign a token with each accepted key of the new ring, and verify it. Raises Conflict or Unauthenticated."""
        now, keys = self._now(), self._lists.read()
        claims = TokenClaims(uuid.uuid4().hex, "0" * 16, "rotation-test", "viewer", now, now + ACCESS_SECONDS)
        verifier = AccessTokenVerifier(_FixedKeySet(keys), self._issuer, self._clock)
        new, _ = self._new_key(version)
        # Some keys may have retired since the ring was created.
        signing = {new, *(key.kid for key in keys.accepted_keys(now))}
        for kid, pem in self._ring(version).items():
            if kid in signing and verifier.verify(sign_claims(claims, self._issuer, kid, pem)) != claims:
                raise Conflict("A token signed with a new key has other claims than were signed.")

    def finish(self, version: str) -> None:
        """Make the new ring current for signers, and set the end of the older keys."""
        kid, _ = self._new_key(version)
        self._vault.promote(version)
        keys = self._lists.read()
        promoted = keys.promote(kid, self._now())
        if promoted != keys:
            self._lists.write(promoted)

    def _ring(self, version: str) -> dict[str, str]:
        ring = self._vault.pending(version)
        if not ring:
            raise Conflict("The version has no keys; run createSecret first.")
        return dict(ring)

    def _new_key(self, version: str) -> tuple[str, str]:
        """Return the id and PEM of the new key of a version: the keys of a ring are in order of creation."""
        return list(self._ring(version).items())[-1]

    def _now(self) -> int:
        return int(self._clock().timestamp())


class _FixedKeySet:
    """A key set that was just read, in the form of the port PublishedKeys."""

    def __init__(self, keys: SigningKeySet) -> None:
        self._keys = keys

    def current(self) -> SigningKeySet:
        """Return the key set."""
        return self._keys
