"""Read units and CPU time of counting a tenant's day of 10,000 decisions of `iit`, as the nightly sweep does.

`.venv/bin/python -m benchmarks.monitoring` trains the model unless that is done. It has no network: a stub answers the
two operations of the ledger, and counts the read units by the sizes of real rows.
"""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from benchmarks import prices
from benchmarks.ledger import rows_of
from cli import native, trained_models
from vigil.decisions.scoring.model import LedgerRow
from vigil.decisions.scoring.store import DynamoLedger, row_item
from vigil.kernel.time import format_timestamp
from vigil.money.usage.stream_entries import billed_bytes
from vigil.monitoring.drift.layout_model import profile_layout
from vigil.monitoring.nightly.batch_service import BatchDays
from vigil.monitoring.nightly.counting_service import DayCounting
from vigil.monitoring.profiles.documents_model import to_bytes
from vigil.monitoring.profiles.model import Profile
from vigil.monitoring.report.monitored_model import MonitoredVersion
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.signing import SigningKey
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier, Release, build_package

DAY, ROWS, TENANT = "2026-11-21", 10_000, "acme-clinic"
PAGE_BYTES, UNIT_BYTES = 1 << 20, 4_096
CALL_SECONDS = 0.02
"""Assumed time of a call of 100 rows or of a page."""
LAMBDA_CPU = 1_024 / 1_769
"""Share of a core that a function of 1,024 MB has."""
out = Console()


class StubTable:
    """DynamoDB with the decisions of one day."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        self._items = {item["pk"]["S"]: item for item in items}
        self._pages = list(_pages(items))
        self.units, self.calls = 0.0, 0

    def query(self, **arguments: Any) -> dict[str, Any]:
        """Return a page of the index; it is read eventually consistently."""
        if arguments["ExpressionAttributeValues"][":day"]["S"] != DAY:
            return {"Items": []}
        number = int(arguments.get("ExclusiveStartKey", {"page": "0"})["page"])
        page, size = self._pages[number]
        self.units += math.ceil(size / UNIT_BYTES) / 2
        self.calls += 1
        more = {"LastEvaluatedKey": {"page": str(number + 1)}} if number + 1 < len(self._pages) else {}
        return {"Items": page, **more}

    def batch_get_item(self, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803 - as in the AWS API
        """Return rows, read consistently."""
        ((table, wanted),) = RequestItems.items()
        found = [self._items[key["pk"]["S"]] for key in wanted["Keys"]]
        self.units += sum(math.ceil(billed_bytes(item) / UNIT_BYTES) for item in found)
        self.calls += 1
        return {"Responses": {table: found}}


class OneVersion:
    """The version of the model."""

    def __init__(self, version: MonitoredVersion) -> None:
        self._version = version

    def version(self, _model: str, _version: int) -> MonitoredVersion:
        """Return the version."""
        return self._version


class NoChunks:
    """A tenant without batches."""

    def between(self, _tenant_id: str, _start: str, _end: str) -> tuple[()]:
        """Return no chunk."""
        return ()


class Memory:
    """Store of profiles and progress in memory. `stored` has every profile that was put."""

    def __init__(self) -> None:
        self.stored: list[Profile] = []

    def profiles(self, *_: object) -> Iterator[Profile]:
        """Yield no profile."""
        return iter(())

    def put(self, _tenant_id: str, _model: str, _version: int, profile: Profile) -> None:
        """Record a profile."""
        self.stored.append(profile)

    def counted_through(self, _tenant_id: str) -> str:
        """Return the day itself, so that it is counted alone."""
        return DAY

    def served(self, _tenant_id: str) -> tuple[()]:
        """Return no version."""
        return ()

    def put_served(self, *_: object) -> None:
        """Record nothing."""

    put_counted = put_due_weeks = put_served


def main() -> None:
    """Count one day and print its cost."""
    native.add_to_path()
    rows, version = decisions()
    table = StubTable([row_item(row) for row in rows])
    unused: Any = (None, None, None)
    memory: Any = Memory()
    ledger = DynamoLedger(table, "decisions", *unused)
    counting = DayCounting(ledger, BatchDays(NoChunks()), OneVersion(version), lambda *_: {}, memory, memory, memory)
    began = time.process_time()
    counting.count_days(TENANT, DAY)
    seconds = time.process_time() - began
    (profile,) = memory.stored
    total = seconds / LAMBDA_CPU + table.calls * CALL_SECONDS
    out.print(
        f"{profile.rows:,} decisions of {len(version.contract.features)} features: {table.units:,.0f} read units "
        f"(${table.units * prices.REQUESTS['dynamodb read']:.4f}), {table.calls} calls, {seconds:.1f} s of CPU, about "
        f"{total:.1f} s in a function of 1,024 MB; profile {len(to_bytes(profile)):,} bytes"
    )


def decisions() -> tuple[list[LedgerRow], MonitoredVersion]:
    """Return the decisions of the day, and the version of their model."""
    trained = trained_models.trained_model("iit", trained_models.SEED, lambda _step, _done: None)
    now, key = datetime.now(UTC), SigningKey(bytes(32))
    files = build_package(trained, Release(1, now, now + timedelta(days=1)), key, load_engine)
    model = PackageVerifier({key.key_id: key.public}, load_engine).verify(files, ExpectedPackage(now=now))
    known, start = rows_of(model, explain=False), datetime.fromisoformat(DAY).replace(tzinfo=UTC)
    rows = [
        replace(
            known[number % len(known)],
            tenant_id=TENANT,
            decision_id=f"dec-{number:032d}",
            subject=f"{number:064x}",
            created_at=format_timestamp(start + timedelta(seconds=8 * number)),
        )
        for number in range(ROWS)
    ]
    layout = profile_layout(model.contract, model.reference)
    return rows, MonitoredVersion(model.contract, model.reference, layout)


def _pages(items: list[dict[str, Any]]) -> Iterator[tuple[list[dict[str, Any]], int]]:
    """Yield the pages of the index by tenant, and their sizes."""
    page, size = list[dict[str, Any]](), 0
    for item in items:
        entry = {name: item[name] for name in ("pk", "tenant_pk", "time_sk", "summary")}
        if size + billed_bytes(entry) > PAGE_BYTES:
            yield page, size
            page, size = [], 0
        page.append(entry)
        size += billed_bytes(entry)
    yield page, size


if __name__ == "__main__":
    main()
