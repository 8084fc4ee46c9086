"""The decision ledger in DynamoDB, with one conditional put per decision."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from vigil.aws.answer_format import answer_format_attribute, read_answer_format
from vigil.aws.errors import ConditionFailed
from vigil.aws.tables import Table
from vigil.aws.transactions import Part, is_condition_failure
from vigil.decisions.scoring.model import UNCONDITIONAL, Conditions, LedgerEntry, LedgerPage, LedgerRow
from vigil.decisions.scoring.packed_documents_model import pack_documents, read_documents
from vigil.errors import BudgetExhausted, ConsentWithdrawn, Erased, QuotaExceeded, VigilError
from vigil.kernel.ids import stored_decision_id
from vigil.kernel.money import SpendLimit
from vigil.kernel.rows import ModelRef
from vigil.prediction.trials.model import Comparison

Item = dict[str, dict[str, Any]]


class QuotaCharges(Protocol):
    """Builds the transaction part that charges a prediction to a tenant's monthly quota."""

    def charge(self, tenant_id: str, month: str, rows: int, limit: int) -> Part:
        """Return the part that charges predictions to a month (`2026-11`) if the quota allows it."""
        ...

    def exceeded(self, month: str, limit: int, reason: Part) -> QuotaExceeded:
        """Return the error for a refused charge."""
        ...


class SpendCharges(Protocol):
    """Builds the transaction part that reserves the price of a prediction."""

    def reservation_part(self, tenant_id: str, moment: str, micros: int, stop: SpendLimit) -> Part:
        """Return the part that reserves micros if the spend limit allows it at that moment."""
        ...

    def exhausted_error(self, moment: str, micros: int, stop: SpendLimit, reason: Part) -> BudgetExhausted:
        """Return the error for a refused reservation."""
        ...


class ConsentChecks(Protocol):
    """Builds the transaction part that checks the subject's consent."""

    def condition(self, tenant_id: str, subject: str) -> Part:
        """Return the transaction part whose condition fails if the subject has withdrawn the consent to scoring."""
        ...


class DynamoLedger:
    """Rows under `pk = <tenant>#<decision>`, listed by time in the indexes `by_tenant` and `by_subject`."""

    def __init__(
        self, client: Any, table: str, charges: QuotaCharges, stops: SpendCharges, consents: ConsentChecks
    ) -> None:
        self._table = Table(client, table, "The decision ledger")
        self._charges = charges
        self._stops = stops
        self._consents = consents

    def commit(self, row: LedgerRow, conditions: Conditions = UNCONDITIONAL) -> LedgerRow | None:
        """Put the row if its id is free. It is the only write of a request, atomic and safe to repeat.

        With conditions, the write is a transaction. An existing row is returned even if a condition fails.
        """
        if conditions != UNCONDITIONAL:
            return self._transact(row, conditions)
        try:
            self._table.call("put_item", **_put(row))
        except ConditionFailed as refusal:
            return parse_row(refusal.item)
        return None

    def _transact(self, row: LedgerRow, conditions: Conditions) -> LedgerRow | None:
        put, checks = _put(row), list(self._checks(row, conditions))
        put["Item"] |= _charged(conditions)
        token = hashlib.sha256(f"{row.decision_id}{row.nonce}".encode()).hexdigest()[:36]
        if (reasons := self._table.transact({"Put": put}, *(part for part, _ in checks), token=token)) is None:
            return None
        if is_condition_failure(reasons[0]):
            return parse_row(reasons[0]["Item"])
        raise next(error(why) for (_, error), why in zip(checks, reasons[1:], strict=True) if is_condition_failure(why))

    def _checks(self, row: LedgerRow, conditions: Conditions) -> Iterator[tuple[Part, Callable[[Part], VigilError]]]:
        """Yield for each condition its transaction part, which also charges it, and the error of a refusal."""
        tenant, moment, month = row.tenant_id, row.created_at, row.created_at[:7]
        if conditions.consents:
            withdrawn = ConsentWithdrawn("The subject has withdrawn the consent to scoring.")
            yield self._consents.condition(tenant, row.subject), lambda _: withdrawn
        if (quota := conditions.quota) is not None:
            yield self._charges.charge(tenant, month, 1, quota), partial(self._charges.exceeded, month, quota)
        if stop := conditions.hard_stop:
            exhausted = partial(self._stops.exhausted_error, moment, stop.price_micros, stop)
            yield self._stops.reservation_part(tenant, moment, stop.price_micros, stop), exhausted

    def get(self, tenant_id: str, decision_id: str) -> LedgerRow | None:
        """Return a tenant's decision, read consistently."""
        item = self._table.get({"pk": {"S": _pk(tenant_id, decision_id)}})
        return parse_row(item) if item else None

    def page(self, tenant_id: str, subject: str | None, after: dict[str, str] | None, limit: int) -> LedgerPage:
        """Return one page, newest first, from the index of the tenant or subject. Erased rows shorten the page."""
        index, attribute, value = (
            ("by_tenant", "tenant_pk", tenant_id)
            if subject is None
            else ("by_subject", "subject_pk", f"{tenant_id}#{subject}")
        )
        items, position = self._table.query_page(index, (attribute, value), after, limit, ScanIndexForward=False)
        return LedgerPage(tuple(item["summary"]["S"] for item in items if "summary" in item), position)

    def count(self, tenant_id: str, day: str) -> int:
        """Return the number of a tenant's rows on a day (`2026-11-21`, UTC). New rows appear after some seconds."""
        return sum(page["Count"] for page in self._day(tenant_id, day, Select="COUNT"))

    def images(self, tenant_id: str, day: str) -> Iterator[Item]:
        """Yield the stored items of a day."""
        for page in self._day(tenant_id, day, ProjectionExpression="pk"):
            yield from self._table.get_many([{"pk": item["pk"]} for item in page["Items"]])

    def entries(self, tenant_id: str, day: str) -> Iterator[LedgerEntry]:
        """Yield the decisions of a day that are not erased. New ones appear after some seconds."""
        for page in self._day(tenant_id, day, ProjectionExpression="time_sk, summary"):
            yield from (_entry(item) for item in page["Items"] if "summary" in item)

    def rows(self, tenant_id: str, decision_ids: Sequence[str]) -> Iterator[LedgerRow]:
        """Yield the rows of these decisions that are not erased, in any order, each read consistently."""
        keys = [{"pk": {"S": _pk(tenant_id, decision_id)}} for decision_id in decision_ids]
        return (parse_row(item) for item in self._table.get_many(keys) if "erased_at" not in item)

    def check(self) -> None:
        """Check that the ledger answers a read. Raises Unavailable."""
        self.get("PROBE", "health")  # upper case is not valid in a tenant id

    def _day(self, tenant_id: str, day: str, **arguments: Any) -> Iterator[Any]:
        """Yield the index pages of a tenant's day. The sort keys of a day are between `day` and `day~`."""
        return self._table.pages(
            "query",
            IndexName="by_tenant",
            KeyConditionExpression="tenant_pk = :tenant AND time_sk BETWEEN :day AND :after",
            ExpressionAttributeValues={":tenant": {"S": tenant_id}, ":day": {"S": day}, ":after": {"S": f"{day}~"}},
            **arguments,
        )


def _pk(tenant_id: str, decision_id: str) -> str:
    return f"{tenant_id}#{stored_decision_id(decision_id)}"


def _put(row: LedgerRow) -> Part:
    return {
        "Item": row_item(row),
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _entry(item: Item) -> LedgerEntry:
    model = json.loads(item["summary"]["S"])["model"]
    return LedgerEntry(item["time_sk"]["S"].partition("#")[2], model["name"], model["version"])


def row_item(row: LedgerRow) -> Item:
    """Return the stored item of a row without conditions, in DynamoDB JSON."""
    return {
        "pk": {"S": _pk(row.tenant_id, row.decision_id)},
        "tenant_pk": {"S": row.tenant_id},
        "subject_pk": {"S": f"{row.tenant_id}#{row.subject}"},
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
        "packed": {"B": pack_documents(row.inputs, row.body, row.summary)},
        "summary": {"S": row.summary},
        "high_risk": {"BOOL": row.high_risk},
        **answer_format_attribute(),
        **_comparison(row),
        **_groups(row),
    }


def _comparison(row: LedgerRow) -> Item:
    """Return the attributes that add a row to the sparse index of comparisons."""
    if row.comparison is None:
        return {}
    place = row.comparison.index_partition(row.model.name, row.decision_id)
    return {"comparison_pk": {"S": place}, "comparison": {"S": row.comparison.to_document()}}


def _groups(row: LedgerRow) -> Item:
    """Return the attributes of the groups that were given; most rows have none."""
    plain: Item = {} if row.groups == "{}" else {"groups": {"S": row.groups}}
    return plain | ({"sealed_groups": {"B": row.sealed_groups}} if row.sealed_groups else {})


def _charged(conditions: Conditions) -> Item:
    """Return the attributes from which usage metering and audits read the charges of a row."""
    quota: Item = {"charged": {"BOOL": True}} if conditions.quota is not None else {}
    return quota | ({"reserved_micros": {"N": str(stop.price_micros)}} if (stop := conditions.hard_stop) else {})


def parse_row(item: Mapping[str, Any]) -> LedgerRow:
    """Return the row of an item from the table or its stream. Raises Erased for an erased row."""
    if "erased_at" in item:
        raise Erased("The decision was erased with its subject's data.")
    inputs, body = read_documents(item)
    return LedgerRow(
        tenant_id=item["tenant_pk"]["S"],
        decision_id=item["decision_id"]["S"],
        subject_id=item["subject_id"]["S"],
        subject=item["subject_pk"]["S"].partition("#")[2],
        model=ModelRef(item["model"]["S"], int(item["model_version"]["N"]), item["model_digest"]["S"]),
        fingerprint=item["fingerprint"]["S"],
        correlation_id=item["correlation_id"]["S"],
        nonce=item["nonce"]["S"],
        created_at=item["created_at"]["S"],
        expires_at=int(item["expires_at"]["N"]),
        inputs=inputs,
        body=body,
        summary=item["summary"]["S"],
        high_risk=item["high_risk"]["BOOL"],
        comparison=Comparison.from_document(item["comparison"]["S"]) if "comparison" in item else None,
        answer_format=read_answer_format(item),
        groups=item["groups"]["S"] if "groups" in item else "{}",
        sealed_groups=item["sealed_groups"]["B"] if "sealed_groups" in item else b"",
    )
