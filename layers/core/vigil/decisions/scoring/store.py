"""The decision ledger in DynamoDB: one conditional put per decision."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Protocol

from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Table
from vigil.aws.transactions import Part, is_condition_failure
from vigil.decisions.scoring.model import UNCONDITIONAL, Conditions, LedgerRow, Page
from vigil.errors import BudgetExhausted, ConsentWithdrawn, Erased, QuotaExceeded, VigilError
from vigil.kernel.ids import subject_digest
from vigil.kernel.money import HardStop
from vigil.kernel.rows import ModelRef
from vigil.prediction.trials.model import Comparison

Item = dict[str, dict[str, Any]]


class Charges(Protocol):
    """How a prediction is taken from a tenant's month in the very transaction that writes it."""

    def charge(self, tenant_id: str, month: str, rows: int, limit: int) -> Part:
        """Return the part that takes so many predictions of a month (`2026-11`) if they are left."""
        ...

    def exceeded(self, month: str, limit: int, reason: Part) -> QuotaExceeded:
        """Return the error of a charge that was refused for this reason."""
        ...


class Stops(Protocol):
    """How what a prediction costs is set aside in the very transaction that writes it."""

    def take(self, tenant_id: str, moment: str, micros: int, stop: HardStop) -> Part:
        """Return the part that sets micros aside if the stop leaves so much at that moment."""
        ...

    def exhausted(self, moment: str, micros: int, stop: HardStop, reason: Part) -> BudgetExhausted:
        """Return the error of micros that were refused for this reason."""
        ...


class Consents(Protocol):
    """How a decision depends on its subject's consent in the very transaction that writes it."""

    def condition(self, tenant_id: str, subject_id: str) -> Part:
        """Return the part that refuses a subject who has withdrawn the consent to scoring."""
        ...


class DynamoLedger:
    """Rows under `pk = <tenant>#<decision>`; `by_tenant` and `by_subject` list them by time."""

    def __init__(self, client: Any, table: str, charges: Charges, stops: Stops, consents: Consents) -> None:
        self._table = Table(client, table, "The decision ledger")
        self._charges = charges
        self._stops = stops
        self._consents = consents

    def commit(self, row: LedgerRow, conditions: Conditions = UNCONDITIONAL) -> LedgerRow | None:
        """Put the row if its id is free: the one write of a request, atomic and safe to repeat.

        With conditions it is a transaction: a row that is there already is returned whatever they say.
        """
        if conditions != UNCONDITIONAL:
            return self._transact(row, conditions)
        try:
            self._table.call("put_item", **_put(row))
        except ConditionFailed as refusal:
            return read(refusal.item)
        return None

    def _transact(self, row: LedgerRow, conditions: Conditions) -> LedgerRow | None:
        put, checks = _put(row), list(self._checks(row, conditions))
        put["Item"] |= _charged(conditions)
        token = hashlib.sha256(f"{row.decision_id}{row.nonce}".encode()).hexdigest()[:36]
        if (reasons := self._table.transact({"Put": put}, *(part for part, _ in checks), token=token)) is None:
            return None
        if is_condition_failure(reasons[0]):
            return read(reasons[0]["Item"])
        raise next(error(why) for (_, error), why in zip(checks, reasons[1:], strict=True) if is_condition_failure(why))

    def _checks(self, row: LedgerRow, conditions: Conditions) -> Iterator[tuple[Part, Callable[[Part], VigilError]]]:
        """Yield the part of each condition, which charges what it limits, and the error of its refusal."""
        tenant, moment, month = row.tenant_id, row.created_at, row.created_at[:7]
        if conditions.consents:
            withdrawn = ConsentWithdrawn("The subject has withdrawn the consent to scoring.")
            yield self._consents.condition(tenant, row.subject_id), lambda _: withdrawn
        if (quota := conditions.quota) is not None:
            yield self._charges.charge(tenant, month, 1, quota), partial(self._charges.exceeded, month, quota)
        if stop := conditions.hard_stop:
            exhausted = partial(self._stops.exhausted, moment, stop.each, stop)
            yield self._stops.take(tenant, moment, stop.each, stop), exhausted

    def get(self, tenant_id: str, decision_id: str) -> LedgerRow | None:
        """Return a tenant's decision, read consistently."""
        item = self._table.get({"pk": {"S": _pk(tenant_id, decision_id)}})
        return read(item) if item else None

    def page(self, tenant_id: str, subject_id: str | None, after: dict[str, str] | None, limit: int) -> Page:
        """Return one page from the index of the tenant or of one subject, newest first; shorter by what is erased."""
        index, attribute, value = (
            ("by_tenant", "tenant_pk", tenant_id)
            if subject_id is None
            else ("by_subject", "subject_pk", _subject_pk(tenant_id, subject_id))
        )
        items, position = self._table.query_page(index, (attribute, value), after, limit, ScanIndexForward=False)
        return Page(tuple(item["summary"]["S"] for item in items if "summary" in item), position)

    def count(self, tenant_id: str, day: str) -> int:
        """Return how many rows a tenant has of a day (`2026-11-21`, UTC), seconds after they were written."""
        return sum(page["Count"] for page in self._day(tenant_id, day, Select="COUNT"))

    def images(self, tenant_id: str, day: str) -> Iterator[Item]:
        """Yield the rows of a day as they are stored."""
        for page in self._day(tenant_id, day, ProjectionExpression="pk"):
            yield from self._table.get_many([{"pk": item["pk"]} for item in page["Items"]])

    def check(self) -> None:
        """Return when the ledger answers a read; raise Unavailable when it does not."""
        self.get("PROBE", "health")  # in capitals, so that it is no tenant's

    def _day(self, tenant_id: str, day: str, **arguments: Any) -> Iterator[Any]:
        """Yield the pages of what the index of tenants has of a day; times sort after their day and before `day~`."""
        return self._table.pages(
            "query",
            IndexName="by_tenant",
            KeyConditionExpression="tenant_pk = :tenant AND time_sk BETWEEN :day AND :after",
            ExpressionAttributeValues={":tenant": {"S": tenant_id}, ":day": {"S": day}, ":after": {"S": f"{day}~"}},
            **arguments,
        )


def _pk(tenant_id: str, decision_id: str) -> str:
    return f"{tenant_id}#{decision_id}"


def _subject_pk(tenant_id: str, subject_id: str) -> str:
    return f"{tenant_id}#{subject_digest(tenant_id, subject_id)}"


def _put(row: LedgerRow) -> Part:
    return {
        "Item": _item(row),
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _item(row: LedgerRow) -> Item:
    return {
        "pk": {"S": _pk(row.tenant_id, row.decision_id)},
        "tenant_pk": {"S": row.tenant_id},
        "subject_pk": {"S": _subject_pk(row.tenant_id, row.subject_id)},
        "time_sk": {"S": f"{row.created_at}#{row.decision_id}"},
        "decision_id": {"S": row.decision_id},
        "subject_id": {"S": row.subject_id},
        "model": {"S": row.model.name},
        "model_version": {"N": str(row.model.version)},
        "model_digest": {"S": row.model.digest},
        "fingerprint": {"S": row.fingerprint},
        "correlation_id": {"S": row.correlation_id},
        "nonce": {"S": row.nonce},
        "created_at": {"S": row.created_at},
        "expires_at": {"N": str(row.expires_at)},
        "inputs": {"S": row.inputs},
        "body": {"S": row.body},
        "summary": {"S": row.summary},
        "high_risk": {"BOOL": row.high_risk},
        **_comparison(row),
    }


def _comparison(row: LedgerRow) -> Item:
    """Return what puts a row on the sparse index of comparisons."""
    if row.comparison is None:
        return {}
    place = row.comparison.place(row.model.name, row.decision_id)
    return {"comparison_pk": {"S": place}, "comparison": {"S": row.comparison.document()}}


def _charged(conditions: Conditions) -> Item:
    """Return what a row says of its charges, for whoever counts them."""
    quota: Item = {"charged": {"BOOL": True}} if conditions.quota is not None else {}
    return quota | ({"reserved_micros": {"N": str(stop.each)}} if (stop := conditions.hard_stop) else {})


def read(item: Mapping[str, Any]) -> LedgerRow:
    """Return the row that an item holds, be it read from the table or from its stream; raise Erased for what is left
    of one.
    """
    if "erased_at" in item:
        raise Erased("The decision is erased with its subject's data.")
    return LedgerRow(
        tenant_id=item["tenant_pk"]["S"],
        decision_id=item["decision_id"]["S"],
        subject_id=item["subject_id"]["S"],
        model=ModelRef(item["model"]["S"], int(item["model_version"]["N"]), item["model_digest"]["S"]),
        fingerprint=item["fingerprint"]["S"],
        correlation_id=item["correlation_id"]["S"],
        nonce=item["nonce"]["S"],
        created_at=item["created_at"]["S"],
        expires_at=int(item["expires_at"]["N"]),
        inputs=item["inputs"]["S"],
        body=item["body"]["S"],
        summary=item["summary"]["S"],
        high_risk=item["high_risk"]["BOOL"],
        comparison=Comparison.read(item["comparison"]["S"]) if "comparison" in item else None,
    )
