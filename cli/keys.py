"""The keys that sign model packages: a private key of this machine, and the public keys that a deployment pins."""

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
"""`{key_id: base64}`, newest first: the value of `VIGIL_MODEL_KEYS` as it stands."""


def create(folder: Path, *, rotate: bool = False) -> SigningKey:
    """Write a new private key (mode 0600) and add its public key; rotating keeps the previous public key pinned.

    Raises Conflict if there is a key and `rotate` is not asked for.
    """
    if (folder / PRIVATE).exists() and not rotate:
        raise Conflict(f"{folder / PRIVATE} exists; rotate it to replace it")
    private = Ed25519PrivateKey.generate()
    key = SigningKey(private.private_bytes_raw())
    folder.mkdir(parents=True, exist_ok=True)
    kept = list(public_keys(folder).items())[: MAX_PINNED_KEYS - 1] if (folder / PUBLIC).exists() else []
    pinned = {name: base64.b64encode(raw).decode() for name, raw in [(key.key_id, key.public), *kept]}
    # The public half first: a crash between the two leaves a spare pin, never a signer that nobody trusts.
    _write(folder / PUBLIC, json.dumps(pinned).encode(), mode=0o644)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(folder / PRIVATE, pem, mode=0o600)
    return key


def signing_key(folder: Path) -> SigningKey:
    """Return the private key; raise NotFound if there is none."""
    try:
        pem = (folder / PRIVATE).read_bytes()
    except FileNotFoundError as error:
        raise NotFound(f"no signing key in {folder}: run `vigil models keygen`") from error
    private = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise NotFound(f"{folder / PRIVATE} is not an Ed25519 key")
    return SigningKey(private.private_bytes_raw())


def public_keys(folder: Path) -> PublicKeys:
    """Return the pinned public keys by key id; raise NotFound if there are none."""
    try:
        document = json.loads((folder / PUBLIC).read_text())
    except FileNotFoundError as error:
        raise NotFound(f"no public keys in {folder}: run `vigil models keygen`") from error
    return {key_id: base64.b64decode(raw) for key_id, raw in document.items()}


def _write(path: Path, content: bytes, *, mode: int) -> None:
    """Replace a file at once, never readable by more than `mode` allows."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    partial.replace(path)
