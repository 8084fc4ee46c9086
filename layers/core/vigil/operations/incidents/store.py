"""Incidents in DynamoDB: `pk = _operators#INCIDENT#<id>`, `sk = INCIDENT`, and entries with `sk = T#<at>#<number>`.

An incident and its new entries are written in one transaction. An entry is never written twice. The index `by_tenant`
lists open and resolved incidents apart. The index `by_due` has those with a due time. The item
`pk = _operators#ALERT#<fingerprint>`, `sk = INCIDENT` has the id of the latest incident of an alert.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from vigil.aws.tables import Item, Table
from vigil.aws.transactions import Part
from vigil.kernel.tenants import OPERATORS
from vigil.operations.incidents.model import (
    Change,
    Incident,
    IncidentPage,
    IncidentState,
    StepState,
    TimelineEntry,
)
from vigil.operations.incidents.runbooks_model import RunbookStep
from vigil.operations.incidents.steps_model import Scope

_DUE = "incidents"
"""Partition of incidents in the index of due items."""
_ENTRY = "T#"
_RETENTION = timedelta(days=6 * 366)
"""Life of an incident and its timeline from its opening. HIPAA asks for six years (45 CFR 164.316(b)(2)(i))."""


class DynamoIncidents:
    """Incidents of the deployment and their timelines. Every method raises Unavailable."""

    def __init__(self, client: Any, table: str) -> None:
        self._table = Table(client, table, "The incidents table")

    def create(self, change: Change, latest: str | None = None) -> bool:
        """Store a new incident with its first entries, as the latest one of its alert.

        Return False and store nothing if the id exists, or if the latest incident of the alert is not `latest`.
        """
        put = {"Item": _item(change.incident), "ConditionExpression": "attribute_not_exists(pk)"}
        of_alert = [_latest(change.incident, latest)] if change.incident.alert_fingerprint else []
        return self._table.transact({"Put": put}, *_entries(change), *of_alert) is None

    def latest_of_alert(self, fingerprint: str) -> str | None:
        """Return the id of the latest incident of an alert, read consistently, or None without one."""
        item = self._table.get(_alert_key(fingerprint))
        return item["incident_id"]["S"] if item else None

    def get(self, incident_id: str) -> Incident | None:
        """Return an incident, read consistently, or None for an unknown id."""
        item = self._table.get(_key(incident_id, "INCIDENT"))
        return _incident(item) if item else None

    def write(self, change: Change) -> bool:
        """Store the next version and its entries together. Return False and store nothing after a lost race."""
        put = {
            "Item": _item(change.incident),
            "ConditionExpression": "version = :before",
            "ExpressionAttributeValues": {":before": {"N": str(change.incident.version - 1)}},
        }
        if not change.entries:
            return self._table.write_if("put_item", **put)
        return self._table.transact({"Put": put}, *_entries(change)) is None

    def timeline(self, incident_id: str) -> Sequence[TimelineEntry]:
        """Return all entries of an incident in their order, read consistently."""
        items = self._table.items(
            "query",
            KeyConditionExpression="pk = :pk AND begins_with(sk, :entry)",
            ExpressionAttributeValues={":pk": _key(incident_id, "")["pk"], ":entry": {"S": _ENTRY}},
            ConsistentRead=True,
        )
        return [_entry(item) for item in items]

    def page(self, state: IncidentState, after: Mapping[str, str] | None, limit: int) -> IncidentPage:
        """Return at most `limit` incidents of a state, latest opening first, after the position `after`.

        `after` is None for the first page. A change can take a second to appear.
        """
        key = ("list_pk", _list_pk(state))
        items, position = self._table.query_page("by_tenant", key, after, limit, ScanIndexForward=False)
        return IncidentPage(tuple(map(_incident, items)), position)

    def due(self, now: str, limit: int) -> Sequence[Incident]:
        """Return at most `limit` incidents whose due time has come, the longest overdue first.

        `now` is a timestamp. Changes of the last second can be missing.
        """
        return [_incident(item) for item in self._table.due_items(_DUE, now, limit)]


def _key(incident_id: str, name: str) -> Item:
    return {"pk": {"S": f"{OPERATORS}#INCIDENT#{incident_id}"}, "sk": {"S": name}}


def _list_pk(state: IncidentState) -> str:
    return f"{OPERATORS}#{state}"


def _entries(change: Change) -> list[Item]:
    """Return the parts of a transaction that add entries and overwrite nothing."""
    return [
        {
            "Put": {
                "Item": {
                    **_key(change.incident.incident_id, f"{_ENTRY}{entry.at}#{entry.number:06}"),
                    "entry": {"S": json.dumps(asdict(entry), separators=(",", ":"))},
                    **_expiry(change.incident),
                },
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        for entry in change.entries
    ]


def _latest(incident: Incident, latest: str | None) -> Part:
    """Return the part that makes an incident the latest one of its alert, in place of `latest`."""
    name = {"incident_id": {"S": incident.incident_id}}
    item = {**_alert_key(incident.alert_fingerprint), **name, **_expiry(incident)}
    if latest is None:
        return {"Put": {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
    seen = {":latest": {"S": latest}}
    return {"Put": {"Item": item, "ConditionExpression": "incident_id = :latest", "ExpressionAttributeValues": seen}}


def _alert_key(fingerprint: str) -> Item:
    return {"pk": {"S": f"{OPERATORS}#ALERT#{fingerprint}"}, "sk": {"S": "INCIDENT"}}


def _item(incident: Incident) -> Item:
    texts = {
        "list_pk": _list_pk(incident.state),
        "list_sk": f"{incident.opened_at}#{incident.incident_id}",
        "incident": json.dumps(asdict(incident), separators=(",", ":")),
    }
    if incident.next_due_at:
        texts |= {"due_pk": _DUE, "due_at": incident.next_due_at}
    return {
        **_key(incident.incident_id, "INCIDENT"),
        **{name: {"S": text} for name, text in texts.items()},
        "version": {"N": str(incident.version)},
        **_expiry(incident),
    }


def _expiry(incident: Incident) -> Item:
    expires = datetime.fromisoformat(incident.opened_at) + _RETENTION
    return {"expires_at": {"N": str(int(expires.timestamp()))}}


def _incident(item: Item) -> Incident:
    fields = json.loads(item["incident"]["S"])
    scope = fields["scope"]
    return Incident(
        **fields
        | {
            "scope": Scope(**scope | {"key_ids": tuple(scope["key_ids"])}),
            "steps": tuple(map(_step, fields["steps"])),
            "follow_ups": tuple(fields["follow_ups"]),
            "unpublished": tuple(fields["unpublished"]),
        }
    )


def _step(fields: dict[str, Any]) -> StepState:
    plan = fields["plan"]
    return StepState(
        **fields
        | {
            "plan": RunbookStep(**plan | {"uses": tuple(plan["uses"])}),
            "facts": tuple((name, text) for name, text in fields["facts"]),
            "effects": tuple(fields["effects"]),
            "origins": tuple(fields.get("origins", ())),
        }
    )


def _entry(item: Item) -> TimelineEntry:
    fields = json.loads(item["entry"]["S"])
    return TimelineEntry(**fields | {"facts": tuple((name, text) for name, text in fields["facts"])})
