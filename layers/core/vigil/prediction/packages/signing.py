"""Ed25519 signatures of manifests, and checks against pinned public keys."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from pydantic import TypeAdapter

from vigil.errors import ModelRefused

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PublicKeys: TypeAlias = Mapping[str, bytes]
"""Raw Ed25519 public keys by key id."""

MAX_PINNED_KEYS = 2  # current key, and the previous or next one during a rotation
_CONTEXT = b"vigil-model-package/1\n"  # domain separation: signatures for other purposes are not valid for packages


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A raw Ed25519 private key of 32 bytes; its id is the fingerprint of its public key."""

    private: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        """Raw public key, 32 bytes."""
        return _private(self.private).public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the public key."""
        return hashlib.sha256(self.public).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Signature:
    """Content of `manifest.sig`; `signature` is base64."""

    key_id: str
    signature: str


def check_keys(keys: PublicKeys) -> None:
    """Raise ValueError unless these are one or two keys of 32 bytes."""
    if not 1 <= len(keys) <= MAX_PINNED_KEYS:
        raise ValueError(f"between 1 and {MAX_PINNED_KEYS} public keys must be pinned")
    if any(len(key) != 32 for key in keys.values()):
        raise ValueError("an Ed25519 public key must have 32 bytes")


def sign(manifest: bytes, key: SigningKey) -> bytes:
    """Return the content of `manifest.sig` for a manifest."""
    return _document(key.key_id, _private(key.private).sign(_CONTEXT + manifest))


def check_signature(manifest: bytes, signature: bytes, keys: PublicKeys) -> str:
    """Return the id of the pinned key that signed these manifest bytes.

    Raises ModelRefused: `unsigned`, `unknown_key` or `bad_signature`.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 see _private
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 see _private

    try:
        claim = _signatures().validate_json(signature)
        raw = base64.b64decode(claim.signature, validate=True)
    except ValueError as error:  # includes ValidationError and binascii.Error
        raise ModelRefused("unsigned", "manifest.sig is not a signature document") from error
    if _document(claim.key_id, raw) != signature:  # base64 has unused bits; only the canonical spelling is accepted
        raise ModelRefused("unsigned", "manifest.sig is not in canonical form")
    if claim.key_id not in keys:
        raise ModelRefused("unknown_key", "the signing key is not one of the pinned keys")
    try:
        Ed25519PublicKey.from_public_bytes(keys[claim.key_id]).verify(raw, _CONTEXT + manifest)
    except InvalidSignature as error:
        raise ModelRefused("bad_signature", "manifest.sig does not match manifest.json") from error
    return claim.key_id


def _document(key_id: str, signature: bytes) -> bytes:
    document = {"key_id": key_id, "signature": base64.b64encode(signature).decode("ascii")}
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _private(raw: bytes) -> "Ed25519PrivateKey":
    # Imported only for signing and verification, so that functions without models do not load OpenSSL.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 see above

    return Ed25519PrivateKey.from_private_bytes(raw)


@cache
def _signatures() -> TypeAdapter[Signature]:
    return TypeAdapter(Signature)
