"""Signing and verification of ES256 access tokens; the verifier never parses a token's header."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from vigil.access.tokens.signing_keys_model import ACCESS_SECONDS, LEEWAY_SECONDS, Issuer, PublicKey, TokenClaims
from vigil.access.tokens.signing_keys_ports import PrivateKeys, PublishedKeys
from vigil.errors import Unauthenticated, Unavailable

ALGORITHM = "ES256"
MAX_TOKEN_LENGTH = 2048
"""Maximum length of a token to verify, in characters; Vigil's tokens have 420 to 1,000."""
_TYPE = "at+jwt"  # RFC 9068: a JWT for another purpose is not accepted as an access token
_SHAPE = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})")
# PyJWT would check times against the machine's clock; this module uses the clock of the service.
_OPTIONS: Any = {
    "require": ["exp", "iat", "aud", "iss", "sub", "jti", "tenant_id", "role"],
    "strict_aud": True,
    **dict.fromkeys(("verify_exp", "verify_iat", "verify_nbf"), False),
}
Jwk = dict[str, str]


class AccessTokenSigner:
    """Signs claims with the newest key that every verifier knows."""

    def __init__(
        self, private: PrivateKeys, public: PublishedKeys, issuer: Issuer, clock: Callable[[], datetime]
    ) -> None:
        self._private = private
        self._public = public
        self._issuer = issuer
        self._clock = clock

    def sign(self, claims: TokenClaims) -> str:
        """Return the token; raise Unavailable if there is no key that may sign."""
        ring = self._private.private_keys()
        key = self._public.current().signing_key(ring, self._clock().timestamp())
        if key is None:
            raise Unavailable("There is no signing key yet.")
        return sign_claims(claims, self._issuer, key.kid, ring[key.kid])


class AccessTokenVerifier:
    """Verifies access tokens of one issuer."""

    def __init__(self, public: PublishedKeys, issuer: Issuer, clock: Callable[[], datetime]) -> None:
        self._public = public
        self._issuer = issuer
        self._clock = clock

    def verify(self, text: str) -> TokenClaims:
        """Return the claims of a token; raise Unauthenticated with the same message for every cause."""
        now = self._clock().timestamp()
        segments = match.groups() if len(text) <= MAX_TOKEN_LENGTH and (match := _SHAPE.fullmatch(text)) else ()
        keys = {_header(key.kid): key for key in self._public.current().accepted_keys(now)} if segments else {}
        # The header is compared with the issuer's own bytes and never parsed. This rejects `none`, other
        # algorithms, `crit`, `jku`, `jwk` and unknown kids.
        key = keys.get(segments[0]) if segments else None
        if key is None:
            raise Unauthenticated("The credential is not valid.")
        return self._claims(text, key, now)

    def _claims(self, text: str, key: PublicKey, now: float) -> TokenClaims:
        audience, issuer = self._issuer.audience, self._issuer.name
        try:
            raw = jwt.decode(text, _public(key), [ALGORITHM], _OPTIONS, audience=audience, issuer=issuer)
            claims = _check_types(raw)
        except (jwt.InvalidTokenError, ValueError) as error:
            raise Unauthenticated("The credential is not valid.") from error
        is_started = claims.issued_at <= now + LEEWAY_SECONDS and now >= raw.get("nbf", 0) - LEEWAY_SECONDS
        if not is_started or now >= claims.expires_at + LEEWAY_SECONDS:
            raise Unauthenticated("The credential is not valid.")
        return claims


def published_jwks(public: PublishedKeys, clock: Callable[[], datetime]) -> list[Jwk]:
    """Return the accepted keys in the format of RFC 7517; raise Unavailable before the first one exists."""
    if not (keys := public.current().accepted_keys(clock().timestamp())):
        raise Unavailable("There is no signing key yet.")
    return [_jwk(key) for key in keys]


def sign_claims(claims: TokenClaims, issuer: Issuer, kid: str, pem: str) -> str:
    """Return a token with these claims, signed with the given key."""
    payload: dict[str, Any] = {
        "iss": issuer.name,
        "aud": issuer.audience,
        "sub": claims.key_id,
        "jti": claims.token_id,
        "iat": claims.issued_at,
        "exp": claims.expires_at,
        "tenant_id": claims.tenant_id,
        "role": claims.role,
    }
    if claims.permissions is not None:
        payload["permissions"] = sorted(claims.permissions)
    signed = f"{_header(kid)}.{_encode(json.dumps(payload, separators=(',', ':')).encode())}"
    # RFC 6979 derives the nonce from key and payload. A random generator that a snapshot has copied cannot repeat one.
    method = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    r, s = decode_dss_signature(_private(pem).sign(signed.encode(), method))
    return f"{signed}.{_encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def generate_private_key() -> str:
    """Return a new P-256 private key as PEM."""
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(*form).decode()


def public_coordinates(pem: str) -> tuple[str, str]:
    """Return the public point of a private key, each coordinate as base64url of 32 bytes."""
    numbers = _private(pem).public_key().public_numbers()
    x, y = (_encode(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    return x, y


def _check_types(raw: Mapping[str, Any]) -> TokenClaims:
    """Return the claims; raise ValueError for a claim of the wrong type, or for a lifetime above ACCESS_SECONDS."""
    token_id, key_id, tenant_id, role = texts = [raw[name] for name in ("jti", "sub", "tenant_id", "role")]
    issued_at, expires_at, *_ = times = [raw[name] for name in ("iat", "exp", "nbf") if name in raw]
    if not all(type(text) is str and text for text in texts) or not all(type(time) is int for time in times):
        raise ValueError("a claim has the wrong type")
    if not 0 < expires_at - issued_at <= ACCESS_SECONDS:
        raise ValueError("the token's lifetime is too long")
    permissions = raw.get("permissions", [])
    if type(permissions) is not list or not all(type(name) is str for name in permissions):
        raise ValueError("the permissions are not a list of texts")
    narrowed = frozenset(permissions) if "permissions" in raw else None
    return TokenClaims(token_id, key_id, tenant_id, role, issued_at, expires_at, narrowed)


def _jwk(key: PublicKey) -> Jwk:
    """Return a public key in the format of RFC 7517."""
    return {"kty": "EC", "crv": "P-256", "alg": ALGORITHM, "use": "sig", "kid": key.kid, "x": key.x, "y": key.y}


@lru_cache(maxsize=8)
def _public(key: PublicKey) -> Any:
    return jwt.PyJWK(_jwk(key), ALGORITHM).key


@lru_cache(maxsize=8)
def _header(kid: str) -> str:
    """Return the only accepted header for a key, encoded as PyJWT does: sorted names, no spaces."""
    header = {"alg": ALGORITHM, "kid": kid, "typ": _TYPE}
    return _encode(json.dumps(header, separators=(",", ":")).encode())


def _private(pem: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - the ring contains only keys of generate_private_key
    return key


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
