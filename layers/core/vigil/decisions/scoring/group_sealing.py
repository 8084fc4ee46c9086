"""Encryption of the groups of sealed attributes with the tenant's key. Without the key, a stored row hides them."""

import hmac
import json
import secrets
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vigil.errors import Unavailable
from vigil.kernel.pseudonyms import TenantKey
from vigil.prediction.engines.group_attributes import GroupAttribute

_PURPOSE = b"vigil sealed groups 1"
_NONCE_BYTES = 12


def seal_groups(attributes: Sequence[GroupAttribute], groups: Mapping[str, str], key: TenantKey, owner: str) -> bytes:
    """Return the given groups of all sealed attributes, encrypted; empty if no attribute is sealed.

    `owner` is the id of the decision or row. The length depends on the attributes only, so that it shows no value.
    """
    sealed = [attribute for attribute in attributes if attribute.is_given and attribute.is_sealed]
    if not sealed:
        return b""
    text = json.dumps({each.name: groups[each.name] for each in sealed if each.name in groups})
    longest = json.dumps({each.name: max(each.values, key=lambda value: len(json.dumps(value))) for each in sealed})
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + _cipher(key).encrypt(nonce, text.ljust(len(longest)).encode(), owner.encode())


def open_groups(sealed: bytes, key: TenantKey, owner: str) -> dict[str, str]:
    """Return the groups that `seal_groups` encrypted, by attribute; none for an empty `sealed`.

    Raises Unavailable for a damaged text, another owner, or another key.
    """
    if not sealed:
        return {}
    try:
        text = _cipher(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner.encode())
    except (InvalidTag, ValueError) as error:
        raise Unavailable("The groups of a decision cannot be read.") from error
    groups: dict[str, str] = json.loads(text)
    return groups


def _cipher(key: TenantKey) -> AESGCM:
    return AESGCM(hmac.digest(key.secret, _PURPOSE, "sha256"))
