"""States of drift in DynamoDB: `sk = STATE#<version>#<source>#`. A state is saved with its findings or not at all."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

from vigil.aws.tables import Table
from vigil.aws.transactions import Part, is_condition_failure
from vigil.errors import Conflict, DamagedData
from vigil.kernel.stored_values import read_attribute
from vigil.kernel.time import format_day
from vigil.monitoring.drift.encoding_model import check_ordinals, from_bytes, to_bytes
from vigil.monitoring.drift.ports import MAX_FINDINGS_PER_SAVE
from vigil.monitoring.drift.state_model import DriftState, baseline_start
from vigil.monitoring.findings.model import Finding
from vigil.monitoring.profiles.keys_model import Item, expiry, item_key, read_item, version_prefix
from vigil.monitoring.profiles.model import Source


class FindingAdditions(Protocol):
    """Builder of the transaction part that stores a finding."""

    def addition(self, tenant_id: str, model: str, finding: Finding) -> Part:
        """Return the arguments of the `Put` that stores a finding as open: its item and its condition.

        The condition fails if the finding is stored already.
        """
        ...


class DynamoDriftStates:
    """States of drift of the models of all tenants. Items expire 800 days after the last judged day begins in UTC."""

    def __init__(self, client: Any, table: str, findings: FindingAdditions) -> None:
        self._table = Table(client, table, "The monitoring table")
        self._findings = findings

    def load(self, tenant_id: str, model: str, version: int, source: Source) -> DriftState | None:
        """Return the last saved state, read consistently; None before the first one.

        A state that is damaged or of an earlier format is returned without sensors; it must be built again from the
        profiles. Raises Unavailable, and DamagedData if its baseline is not known either.
        """
        item = self._table.get(_key(tenant_id, model, version, source))
        if item is None:
            return None
        return read_item(model, item, _state)

    def save(
        self,
        tenant_id: str,
        model: str,
        version: int,
        source: Source,
        state: DriftState,
        findings: Sequence[Finding],
    ) -> None:
        """Save a state in place of the one before, and add the findings since the last save: all or nothing.

        A finding that is stored already is not changed. Raises Conflict if the saved state has a higher revision,
        ValueError for more than `MAX_FINDINGS_PER_SAVE` (50) findings, and Unavailable.
        """
        if len(findings) > MAX_FINDINGS_PER_SAVE:
            raise ValueError(f"a state must be saved with at most {MAX_FINDINGS_PER_SAVE} findings")
        put: Part = {
            "Item": _item(_key(tenant_id, model, version, source), state),
            "ConditionExpression": "attribute_not_exists(pk) OR revision <= :revision",
            "ExpressionAttributeValues": {":revision": {"N": str(state.revision)}},
        }
        additions = [self._findings.addition(tenant_id, model, finding) for finding in findings]
        while reasons := self._write([put, *additions]):
            if is_condition_failure(reasons[0]):
                raise Conflict("The baseline of drift was restarted meanwhile; judge the profiles again.")
            stored = zip(additions, reasons[1:], strict=True)
            additions = [addition for addition, reason in stored if not is_condition_failure(reason)]

    def _write(self, puts: Sequence[Part]) -> Sequence[Part] | None:
        # A token of their content would refuse to repeat an unchanged state, because bytes are not JSON.
        return self._table.transact(*({"Put": put} for put in puts), token=uuid.uuid4().hex)


def _key(tenant_id: str, model: str, version: int, source: Source) -> Item:
    return item_key(tenant_id, model, version_prefix("STATE", version, source))


def _state(item: Item) -> DriftState:
    try:
        return from_bytes(read_attribute(item, "state", "B"))
    except DamagedData:
        after = read_attribute(item, "after", "N")
        check_ordinals(after)
        return baseline_start(read_attribute(item, "revision", "N"), after)


def _item(key: Item, state: DriftState) -> Item:
    return (
        key
        | {"state": {"B": to_bytes(state)}, "revision": {"N": str(state.revision)}, "after": {"N": str(state.after)}}
        | expiry(format_day(date.fromordinal(state.through)))
    )
