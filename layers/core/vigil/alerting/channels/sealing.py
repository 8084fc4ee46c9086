"""Encryption of the secrets of channels, under a key per tenant."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vigil.alerting.channels.model import Channel
from vigil.alerting.channels.ports import UnreadableSecrets

_SALT = b"vigil alerting channels 1"
_KEY_BYTES, _NONCE_BYTES = 32, 12
_HINT = 4


class Sealing:
    """Encryption with AES-256-GCM and a random nonce, for the channels of all tenants.

    HKDF-SHA-256 derives the key from the alerting secret and the tenant. Tenant and channel are associated data, so
    that a sealed text opens only for its own channel. `secret_values` returns the alerting secret, and after it earlier
    values that may still open texts.
    """

    def __init__(self, secret_values: Callable[[], Sequence[bytes]]) -> None:
        self._values = secret_values

    def seal(self, tenant_id: str, channel_id: str, values: Mapping[str, str]) -> bytes:
        """Return the encrypted secrets of a channel. Raises Unavailable if the alerting secret is not available."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        text = json.dumps(dict(values), separators=(",", ":")).encode()
        cipher = _cipher(self._values()[0], tenant_id)
        return nonce + cipher.encrypt(nonce, text, _associated(tenant_id, channel_id))

    def open(self, channel: Channel) -> Mapping[str, str]:
        """Return the secrets of a channel by name; empty for a channel without secrets.

        Raises UnreadableSecrets, and Unavailable if the alerting secret is not available.
        """
        if not channel.sealed:
            return {}
        nonce, text = channel.sealed[:_NONCE_BYTES], channel.sealed[_NONCE_BYTES:]
        associated = _associated(channel.tenant_id, channel.channel_id)
        for value in self._values():
            try:
                opened: dict[str, str] = json.loads(_cipher(value, channel.tenant_id).decrypt(nonce, text, associated))
            except (InvalidTag, ValueError):
                continue
            return opened
        raise UnreadableSecrets


def hint(value: str) -> str:
    """Return the last four characters of a secret. Empty for a secret of less than sixteen characters."""
    return value[-_HINT:] if len(value) >= 4 * _HINT else ""


def _cipher(value: bytes, tenant_id: str) -> AESGCM:
    derived = HKDF(SHA256(), _KEY_BYTES, salt=_SALT, info=tenant_id.encode()).derive(value)
    return AESGCM(derived)


def _associated(tenant_id: str, channel_id: str) -> bytes:
    return json.dumps([tenant_id, channel_id]).encode()
