"""Tenants and keys in DynamoDB, peppers in Secrets Manager."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from vigil.errors import Conflict, NotFound, Unavailable
from vigil.platform.secrets import Secret
from vigil.tenancy.model import ApiKey, Tenant


class DynamoAccess:
    """Items under `pk = TENANT#<id>` or `KEY#<id>`, `sk = META`."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def create_tenant(self, tenant: Tenant) -> None:
        """Store a new tenant; raise Conflict if the id is taken."""
        item = {"tenant_id": tenant.tenant_id, "tier": tenant.tier, "status": tenant.status}
        self._put(f"TENANT#{tenant.tenant_id}", item | {"created_at": tenant.created_at})

    def tenant(self, tenant_id: str) -> Tenant | None:
        """Return a tenant, or None."""
        item = self._get(f"TENANT#{tenant_id}")
        return Tenant(**cast("Any", item)) if item else None

    def tenant_ids(self) -> Iterator[str]:
        """Yield the ids of all tenants: the table is read whole, for jobs of the night."""
        pages = self._client.get_paginator("scan").paginate(TableName=self._table, ProjectionExpression="pk")
        try:
            for item in (item for page in pages for item in page["Items"]):
                kind, _, tenant_id = item["pk"]["S"].partition("#")
                if kind == "TENANT":
                    yield tenant_id
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The access table did not answer.") from error

    def create_key(self, key: ApiKey) -> None:
        """Store a new key; raise Conflict on the one in 2**64 chance that its id is taken."""
        item = {"key_id": key.key_id, "tenant_id": key.tenant_id, "digest": key.digest, "role": key.role}
        self._put(f"KEY#{key.key_id}", item | {"pepper_version": key.pepper_version, "created_at": key.created_at})

    def key(self, key_id: str) -> ApiKey | None:
        """Return a key, or None."""
        item = self._get(f"KEY#{key_id}")
        return ApiKey(**cast("Any", item)) if item else None

    def revoke_key(self, key_id: str, at: str) -> None:
        """Mark a key revoked, the first time only; raise NotFound for an unknown one."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(f"KEY#{key_id}"),
                UpdateExpression="SET revoked_at = if_not_exists(revoked_at, :at)",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":at": {"S": at}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise NotFound("There is no such key.") from error
            raise Unavailable("The access table did not answer.") from error

    def _put(self, pk: str, attributes: Mapping[str, str]) -> None:
        item = _key(pk) | {name: {"S": value} for name, value in attributes.items()}
        try:
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise Conflict("That id is taken.") from error
            raise Unavailable("The access table did not answer.") from error

    def _get(self, pk: str) -> dict[str, str] | None:
        try:
            item = self._client.get_item(TableName=self._table, Key=_key(pk)).get("Item")
        except (BotoCoreError, ClientError) as error:
            raise Unavailable("The access table did not answer.") from error
        return {name: value["S"] for name, value in item.items() if name not in {"pk", "sk"}} if item else None


class SecretPeppers:
    """Peppers from the access secret: `{"pepper_version": "1", "pepper_1": "..."}`."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def peppers(self) -> tuple[str, Mapping[str, bytes]]:
        """Return the version that new keys use, and every version there is."""
        values = self._secret.values()
        prefix = "pepper_"
        versions = {
            name.removeprefix(prefix): value.encode()
            for name, value in values.items()
            if name.startswith(prefix) and name != "pepper_version"
        }
        return values["pepper_version"], versions


def _key(pk: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": pk}, "sk": {"S": "META"}}
