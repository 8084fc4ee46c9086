"""The configuration of a tenant in the alerts table, one item collection: `pk = <tenant>#CONFIG`.

The item `sk = ALL` has the generation: the number of changes of policies, routes, silences, schedules and members, and
of deletions of channels. A write is a transaction with that item, so that all checks of references and numbers hold.
`ALL` precedes all other sort keys: a query that reads it before a change and other items after it cannot lead to a
write. The other items are `POLICY#<id>`, `ROUTE#LIST`, `SILENCE#<id>`, `SCHEDULE#<id>` and `MEMBER#<id>`, each with a
JSON document, and `CHANNEL#<id>`, which the room of channels writes.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from vigil.alerting.alerts.configuration_items_model import GENERATION, configuration_key, generation_part
from vigil.alerting.oncall import documents_model as on_call
from vigil.alerting.oncall.model import Member, Schedule
from vigil.alerting.oncall.plan_model import OnCallPlan
from vigil.alerting.policies import documents_model as documents
from vigil.alerting.policies.configuration_model import TenantConfiguration, users_of_targets
from vigil.alerting.policies.model import ConfiguredChannel, Policy, RouteList, Silence
from vigil.aws.tables import Item, Table

Value = Policy | RouteList | Silence | Schedule | Member
_SILENCE_RETENTION = timedelta(days=30)
"""Time after the end of a silence for which it is stored."""


class DynamoConfigurations:
    """Stored configurations of all tenants; also the store of their members and schedules.

    Every method raises Unavailable.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The alerts table")

    def read(self, tenant_id: str) -> TenantConfiguration:
        """Return the configuration of a tenant with its generation, read consistently."""
        found = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": configuration_key(tenant_id, GENERATION)["pk"]},
            ConsistentRead=True,
        )
        return _configuration(tenant_id, {item["sk"]["S"]: item for item in found})

    def read_plan(self, tenant_id: str) -> OnCallPlan:
        """Return the members and schedules of a tenant with their generation, read consistently."""
        return self.read(tenant_id).plan

    def put(self, tenant_id: str, generation: int, value: Value, outdated: Sequence[Silence] = ()) -> bool:
        """Store a value, new or changed, delete the silences `outdated`, and return True.

        Return False and write nothing if the stored generation is not `generation`. At most 90 silences are deleted.
        """
        sk, document = _entry(value)
        item = configuration_key(tenant_id, sk) | {"document": {"S": json.dumps(document, separators=(",", ":"))}}
        if isinstance(value, Silence):
            item["expires_at"] = {"N": str(_expiry(value))}
        # A transaction refuses two parts about one item.
        deletes = [silence for silence in outdated if _entry(silence)[0] != sk]
        return self._write(tenant_id, generation, [{"Put": {"Item": item}}, *self._deletes(tenant_id, deletes)])

    def delete(self, tenant_id: str, generation: int, value: Value) -> bool:
        """Delete a value and return True.

        Return False and delete nothing if the stored generation is not `generation`.
        """
        return self._write(tenant_id, generation, self._deletes(tenant_id, [value]))

    def _deletes(self, tenant_id: str, values: Sequence[Value]) -> list[Item]:
        return [{"Delete": {"Key": configuration_key(tenant_id, _entry(value)[0])}} for value in values[:_MAX_DELETES]]

    def _write(self, tenant_id: str, generation: int, parts: Sequence[Item]) -> bool:
        return self._table.transact(generation_part(tenant_id, generation), *parts) is None


_MAX_DELETES = 90
"""Maximum deletions of one transaction, which has at most 100 parts."""


def _entry(value: Value) -> tuple[str, dict[str, Any]]:
    """Return the sort key and the document of a value."""
    if isinstance(value, Policy):
        return f"POLICY#{value.policy_id}", documents.policy_document(value)
    if isinstance(value, RouteList):
        return "ROUTE#LIST", documents.route_list_document(value)
    if isinstance(value, Silence):
        return f"SILENCE#{value.silence_id}", documents.silence_document(value)
    if isinstance(value, Schedule):
        return f"SCHEDULE#{value.schedule_id}", on_call.schedule_document(value)
    return f"MEMBER#{value.member_id}", on_call.member_document(value)


def _expiry(silence: Silence) -> int:
    return int((datetime.fromisoformat(silence.ends_at) + _SILENCE_RETENTION).timestamp())


def _configuration(tenant_id: str, items: Mapping[str, Item]) -> TenantConfiguration:
    generation = int(items[GENERATION]["generation"]["N"]) if GENERATION in items else 0
    policies = {name: documents.read_policy(found) for name, found in _documents(items, "POLICY")}
    routes = [documents.read_route_list(found) for _, found in _documents(items, "ROUTE")]
    return TenantConfiguration(
        tenant_id,
        generation,
        {name: _channel(name, items[f"CHANNEL#{name}"]) for name in _ids(items, "CHANNEL")},
        policies,
        routes[0] if routes else RouteList(),
        {name: documents.read_silence(found) for name, found in _documents(items, "SILENCE")},
        OnCallPlan(
            generation,
            {name: on_call.read_member(found) for name, found in _documents(items, "MEMBER")},
            {name: on_call.read_schedule(found) for name, found in _documents(items, "SCHEDULE")},
            users_of_targets(policies),
        ),
    )


def _ids(items: Mapping[str, Item], kind: str) -> list[str]:
    return [sk.partition("#")[2] for sk in items if sk.startswith(f"{kind}#")]


def _documents(items: Mapping[str, Item], kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(name, json.loads(items[f"{kind}#{name}"]["document"]["S"])) for name in _ids(items, kind)]


def _channel(channel_id: str, item: Item) -> ConfiguredChannel:
    return ConfiguredChannel(channel_id, item["kind"]["S"], bool(item.get("broken", {}).get("S")))
