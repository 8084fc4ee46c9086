"""Encryption of join files with the tenant's key. They are unreadable once the key is destroyed."""

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from vigil.decisions.batches.join_model import JoinFile
from vigil.errors import Unavailable
from vigil.kernel.pseudonyms import TenantKey

_PURPOSE = b"vigil join files 1"


def seal_rows(rows: JoinFile, key: TenantKey, batch_id: str) -> bytes:
    """Return an encrypted join file. Equal files give equal bytes, so that a repeated write changes nothing."""
    return _cipher(key).encrypt(rows.to_bytes(), _owner(key, batch_id))


def open_rows(sealed: bytes, key: TenantKey, batch_id: str) -> JoinFile:
    """Return the join file that `seal_rows` encrypted.

    Raises Unavailable for a damaged file, another format, another batch, or the key of another tenant.
    """
    try:
        return JoinFile.from_bytes(_cipher(key).decrypt(sealed, _owner(key, batch_id)))
    except (InvalidTag, ValueError) as error:
        raise Unavailable("A join file of the batch cannot be read.") from error


def _cipher(key: TenantKey) -> AESSIV:
    return AESSIV(hmac.digest(key.secret, _PURPOSE, "sha512"))


def _owner(key: TenantKey, batch_id: str) -> list[bytes]:
    return [f"{key.tenant_id}#{batch_id}".encode()]
