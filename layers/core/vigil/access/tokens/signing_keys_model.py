"""Claims of access tokens, and the set of published signing keys. Times are seconds since 1970, UTC."""

from collections.abc import Collection
from dataclasses import dataclass, replace

ACCESS_SECONDS = 15 * 60
"""Lifetime of an access token, in seconds."""
LEEWAY_SECONDS = 5
"""Accepted difference between the clocks of two machines, in seconds."""
CACHE_SECONDS = 5 * 60
"""Maximum age of a verifier's copy of the public keys, in seconds; also for external verifiers."""
LEAD_SECONDS = 15 * 60
"""Time from the publication of a key to its first signature, in seconds: three times the cache time of verifiers."""
RETIREMENT_SECONDS = 30 * 60
"""Time from a key's first signature to the end of the previous key, in seconds.

It covers the cache of a signer and the lifetime of a token, plus 10 minutes.
"""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Issuer and audience of the tokens of a stage; tokens of another stage are not accepted."""

    stage: str

    @property
    def name(self) -> str:
        """Value of the claim `iss`."""
        return f"urn:vigil:{self.stage}"

    @property
    def audience(self) -> str:
        """Value of the claim `aud`."""
        return f"urn:vigil:{self.stage}:api"


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """Claims of an access token: the API key it represents, the tenant, the rights and the validity.

    `permissions` are those to which the key is narrowed; None for all permissions of the role.
    """

    token_id: str
    key_id: str
    tenant_id: str
    role: str
    issued_at: int
    expires_at: int
    permissions: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A published P-256 key with base64url coordinates, its first signing time and its retirement time."""

    kid: str
    x: str
    y: str
    signs_from: int
    retires_at: int | None = None

    def is_accepted(self, now: float) -> bool:
        """Return True if signatures of this key are still accepted."""
        return self.retires_at is None or now < self.retires_at

    def may_sign(self, now: float) -> bool:
        """Return True if every verifier knows the key now and accepts it until a token signed now expires."""
        return self.signs_from <= now and self.is_accepted(now + ACCESS_SECONDS)


@dataclass(frozen=True, slots=True)
class SigningKeySet:
    """The published keys (next, current and previous) in the order of publication."""

    keys: tuple[PublicKey, ...] = ()
    revision: int = 0

    def publish(self, kid: str, x: str, y: str, now: int) -> "SigningKeySet":
        """Return the set with a new key. It may sign after LEAD_SECONDS, the very first key at once."""
        if any(key.kid == kid for key in self.keys):
            return self
        key = PublicKey(kid, x, y, now + LEAD_SECONDS if self.accepted_keys(now) else now)
        return replace(self, keys=(*self.keys, key))

    def promote(self, kid: str, now: int) -> "SigningKeySet":
        """Return the set after signers received this key: all older keys retire after its first signature."""
        promoted = next(key for key in self.keys if key.kid == kid)
        end = max(now, promoted.signs_from) + RETIREMENT_SECONDS
        retired = (
            key if key is promoted or key.retires_at is not None else replace(key, retires_at=end) for key in self.keys
        )
        return replace(self, keys=tuple(key for key in retired if key.is_accepted(now)))

    def accepted_keys(self, now: float) -> tuple[PublicKey, ...]:
        """Return the keys with accepted signatures."""
        return tuple(key for key in self.keys if key.is_accepted(now))

    def signing_key(self, available: Collection[str], now: float) -> PublicKey | None:
        """Return the newest available key that may sign, or None."""
        candidates = [key for key in self.keys if key.kid in available and key.may_sign(now)]
        return max(candidates, key=lambda key: key.signs_from, default=None)
