"""Signing keys of model packages: the private key of this machine, and the public keys that deployments pin."""

import base64
import json
import os
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vigil.errors import Conflict, NotFound
from vigil.prediction.packages.signing import MAX_PINNED_KEYS, PublicKeys, SigningKey

PRIVATE = "model-signing.pem"
PUBLIC = "model-keys.json"
"""File of the public keys as `{key_id: base64}`, newest first: the value of `VIGIL_MODEL_KEYS`."""


def create_signing_key(folder: Path, *, rotate: bool = False) -> SigningKey:
    """Write a new private key (mode 0600) and add its public key; a rotation leaves the previous one pinned.

    Raises Conflict if a key exists and `rotate` is False.
    """
    if (folder / PRIVATE).exists() and not rotate:
        raise Conflict(f"{folder / PRIVATE} exists; `vigil models keygen --rotate` replaces it")
    private = Ed25519PrivateKey.generate()
    key = SigningKey(private.private_bytes_raw())
    folder.mkdir(parents=True, exist_ok=True)
    previous = list(load_public_keys(folder).items())[: MAX_PINNED_KEYS - 1] if (folder / PUBLIC).exists() else []
    pinned = {name: base64.b64encode(raw).decode() for name, raw in [(key.key_id, key.public), *previous]}
    # Public key first: a crash between the two writes leaves an unused pin, never an untrusted private key.
    _write(folder / PUBLIC, json.dumps(pinned).encode(), mode=0o644)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(folder / PRIVATE, pem, mode=0o600)
    return key


def load_signing_key(folder: Path) -> SigningKey:
    """Return the private key; raise NotFound if the folder has no Ed25519 key."""
    try:
        pem = (folder / PRIVATE).read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"no signing key in {folder}: run `vigil models keygen`") from error
    private = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise NotFound(f"{folder / PRIVATE} is not an Ed25519 key")
    return SigningKey(private.private_bytes_raw())


def load_public_keys(folder: Path) -> PublicKeys:
    """Return the pinned public keys by key id; raise NotFound without a key file."""
    try:
        document = json.loads((folder / PUBLIC).read_text())
    except FileNotFoundError as error:
        raise NotFound(f"no public keys in {folder}: run `vigil models keygen`") from error
    return {key_id: base64.b64decode(raw) for key_id, raw in document.items()}


def _write(path: Path, content: bytes, *, mode: int) -> None:
    """Replace a file atomically; it never has a wider mode than `mode`."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    partial.replace(path)
