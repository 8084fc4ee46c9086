"""Keys of tenants in DynamoDB, encrypted by KMS and cached in the process.

The table has no backup and no stream, so that a deleted key is gone at once.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from vigil.aws.errors import translate_errors
from vigil.aws.tables import Table
from vigil.aws.transactions import Part
from vigil.errors import Unavailable
from vigil.kernel.pseudonyms import TenantKey
from vigil.runtime.last_known_cache import CacheObserver, CacheRules, LastKnownCache

KEY_BYTES = 32
TIME_TO_LIVE = timedelta(minutes=5)
"""Maximum age of a cached key. A destroyed key is out of use after this time, although its table is away."""
_READY = "ready"
_CONVERTING = "converting"
"""State of the key of a tenant whose older rows do not have keyed digests yet. Requests must not use it."""
_KEYED_IDS = {"keyed_ids": {"BOOL": True}}
"""Attribute of the key of a tenant whose ids were made with it from the first one on."""


class DynamoTenantKeys:
    """Keys under `pk = <tenant>`. KMS decrypts a key only together with the tenant's id."""

    def __init__(
        self,
        clients: Callable[[str], Any],
        table: str,
        wrapping_key_arn: str,
        clock: Callable[[], datetime],
        observer: CacheObserver,
    ) -> None:
        self._clients = clients
        self._name = table
        self._wrapping_key_arn = wrapping_key_arn
        self._cache = LastKnownCache[str, TenantKey]("tenant-keys", CacheRules(TIME_TO_LIVE), clock, observer)

    def __call__(self, tenant_id: str) -> TenantKey:
        """Return the key of a tenant; a cached one needs no request.

        Raises Unavailable if the tenant has no key, or if its older rows are not converted yet.
        """
        return self._cache.get(tenant_id, lambda: self._read(tenant_id))

    def creation(self, tenant_id: str) -> Part:
        """Return the transaction part that stores a new key.

        The part overwrites an existing key. The transaction must therefore also require that the tenant is new.
        """
        return {"Put": {"TableName": self._name, "Item": self._wrapped(tenant_id, _READY) | _KEYED_IDS}}

    def begin_conversion(self, tenant_id: str) -> TenantKey | None:
        """Return the key of a tenant with older rows, a new one if it has none; None if its rows are converted."""
        item = self._wrapped(tenant_id, _CONVERTING)
        if not self._table.write_if("put_item", Item=item, ConditionExpression="attribute_not_exists(pk)"):
            item = self._table.get(_primary_key(tenant_id)) or item
        return None if item["state"]["S"] == _READY else self._unwrap(tenant_id, item)

    def end_conversion(self, tenant_id: str) -> None:
        """Allow requests to use the key of a tenant whose rows are converted."""
        self._table.write_if(
            "update_item",
            Key=_primary_key(tenant_id),
            UpdateExpression="SET #state = :ready",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={":ready": {"S": _READY}},
        )

    def _read(self, tenant_id: str) -> TenantKey:
        item = self._table.get(_primary_key(tenant_id))
        if item is None or item["state"]["S"] != _READY:
            raise Unavailable("The tenant has no key for pseudonyms. An operator creates it: `vigil tenants convert`.")
        return self._unwrap(tenant_id, item)

    @property
    def _table(self) -> Table:
        return Table(self._clients("dynamodb"), self._name, "The table of tenants' keys")

    def _wrapped(self, tenant_id: str, state: str) -> dict[str, Any]:
        with translate_errors("KMS"):
            made = self._clients("kms").generate_data_key(
                KeyId=self._wrapping_key_arn, NumberOfBytes=KEY_BYTES, EncryptionContext=_context(tenant_id)
            )
        return {**_primary_key(tenant_id), "wrapped": {"B": made["CiphertextBlob"]}, "state": {"S": state}}

    def _unwrap(self, tenant_id: str, item: Any) -> TenantKey:
        with translate_errors("KMS"):
            answer = self._clients("kms").decrypt(
                CiphertextBlob=item["wrapped"]["B"], EncryptionContext=_context(tenant_id)
            )
        return TenantKey(tenant_id, answer["Plaintext"], has_keyed_ids=item.keys() >= _KEYED_IDS.keys())


def _primary_key(tenant_id: str) -> dict[str, Any]:
    return {"pk": {"S": tenant_id}}


def _context(tenant_id: str) -> dict[str, str]:
    return {"tenant_id": tenant_id}
