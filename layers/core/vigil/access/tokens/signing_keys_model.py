"""Access tokens and the keys that sign them: values and their rules. Times are seconds since 1970, UTC."""

from collections.abc import Collection
from dataclasses import dataclass, replace

ACCESS_SECONDS = 15 * 60
"""How long an access token lives."""
LEEWAY_SECONDS = 5
"""By how much the clocks of two machines may differ."""
CACHE_SECONDS = 5 * 60
"""The longest that a verifier, ours or a stranger's, goes on with the keys it has fetched."""
LEAD_SECONDS = 15 * 60
"""From the publication of a key to its first signature: three times what verifiers need to hear of it."""
RETIREMENT_SECONDS = 30 * 60
"""From a key's first signature to the end of the one before: a signer's cache, a token's life, 10 minutes to spare."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues the tokens of a stage, and whom they are for; a token of another stage is a stranger's."""

    stage: str

    @property
    def name(self) -> str:
        """The claim `iss`."""
        return f"urn:vigil:{self.stage}"

    @property
    def audience(self) -> str:
        """The claim `aud`."""
        return f"urn:vigil:{self.stage}:api"


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What an access token says: which key it stands in for, for whom, as what, and until when."""

    token_id: str
    key_id: str
    tenant_id: str
    role: str
    issued_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A published P-256 key, coordinates as base64url: when it may begin to sign and when its acceptance ends."""

    kid: str
    x: str
    y: str
    signs_from: int
    retires_at: int | None = None

    def is_accepted(self, now: float) -> bool:
        """Say whether signatures by this key still count."""
        return self.retires_at is None or now < self.retires_at

    def may_sign(self, now: float) -> bool:
        """Say whether a token signed now would find every verifier informed, now and until it expires."""
        return self.signs_from <= now and self.is_accepted(now + ACCESS_SECONDS)


@dataclass(frozen=True, slots=True)
class SigningKeySet:
    """The published keys: next, current and previous, in the order of publication."""

    keys: tuple[PublicKey, ...] = ()
    revision: int = 0

    def publish(self, kid: str, x: str, y: str, now: int) -> "SigningKeySet":
        """Return the list with a further key, which signs once verifiers know it; the very first one signs at once."""
        if any(key.kid == kid for key in self.keys):
            return self
        key = PublicKey(kid, x, y, now + LEAD_SECONDS if self.accepted_keys(now) else now)
        return replace(self, keys=(*self.keys, key))

    def promote(self, kid: str, now: int) -> "SigningKeySet":
        """Return the list of the moment when signers get this key: the others retire after it has taken over."""
        promoted = next(key for key in self.keys if key.kid == kid)
        end = max(now, promoted.signs_from) + RETIREMENT_SECONDS
        retired = (
            key if key is promoted or key.retires_at is not None else replace(key, retires_at=end) for key in self.keys
        )
        return replace(self, keys=tuple(key for key in retired if key.is_accepted(now)))

    def accepted_keys(self, now: float) -> tuple[PublicKey, ...]:
        """Return the keys whose signatures count."""
        return tuple(key for key in self.keys if key.is_accepted(now))

    def signing_key(self, available: Collection[str], now: float) -> PublicKey | None:
        """Return the newest of the held keys that may sign, or None."""
        candidates = [key for key in self.keys if key.kid in available and key.may_sign(now)]
        return max(candidates, key=lambda key: key.signs_from, default=None)
