"""Measures the rows of decisions: `.venv/bin/python -m benchmarks.ledger`. It needs the packages of `make up`.

A row is compared with itself before compression: bytes and write units in DynamoDB, and dollars per million.
"""

import base64
import json
import math
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import mean, median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import prices
from benchmarks.flow import OneModel
from benchmarks.model_cases import tenant_key, trained_packages
from cli import native
from cli.checkout import ROOT
from models import recipe
from vigil.bootstrap import process
from vigil.decisions.scoring.model import LedgerRow, ScoreRequest
from vigil.decisions.scoring.packed_documents_model import pack_documents, unpack_documents
from vigil.decisions.scoring.service import Scoring
from vigil.decisions.scoring.store import row_item
from vigil.money.usage.stream_entries import billed_bytes
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.features.service import get_feature_set
from vigil.prediction.packages.loaded import LoadedModel
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier

ROWS = 60
ROUNDS = 5
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class RowMeasurement:
    """Medians of the rows of one package: bytes before and after compression, write units, microseconds."""

    before: float
    after: float
    units_before: float
    units_after: float
    pack: float
    unpack: float

    def saved(self, factor: int) -> float:
        """Return the US dollars that compression saves per million rows.

        `factor` is 2 for a write in a transaction, otherwise 1.
        """
        return factor * (self.units_before - self.units_after) * prices.REQUESTS["dynamodb write"] * MILLION


class _WithoutTrial(OneModel):
    """Registry of one model without a trial or warnings."""

    def trial(self, _: str) -> None:
        return None

    def warnings(self, _: str) -> tuple[str, ...]:
        return ()


class _RecordingLedger:
    """Ledger that accepts and records every row."""

    def __init__(self) -> None:
        self.rows: list[LedgerRow] = []

    def commit(self, row: LedgerRow, *_: Any) -> None:
        self.rows.append(row)


def packages() -> Iterator[LoadedModel]:
    """Yield the packages of this checkout after every check of the service."""
    keys = json.loads((ROOT / ".vigil" / "keys" / "model-keys.json").read_text())
    verifier = PackageVerifier({name: base64.b64decode(key) for name, key in keys.items()}, load_engine)
    for folder, _ in trained_packages():
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        yield verifier.verify(files, ExpectedPackage(now=datetime.now(UTC)))


def rows_of(model: LoadedModel, explain: bool) -> list[LedgerRow]:
    """Return the rows of decisions about held-out subjects of a package."""
    ledger: Any = _RecordingLedger()
    models: Any = _WithoutTrial(model)
    now, window = process.now, timedelta(hours=24)
    scoring = Scoring(models, get_feature_set, ledger, now, window, keys=tenant_key)
    for number, sample in enumerate(recipe.load_recipe(model.name).samples(7, ROWS)):
        as_of = datetime.fromisoformat(sample["as_of"]) if sample.get("as_of") else None
        given = {name: sample[name] for name in ("subject_id", "features", "history") if name in sample}
        request = ScoreRequest(model.name, **given, as_of=as_of, explain=explain)
        scoring.score("acme-clinic", request, f"key-{number}", str(uuid.UUID(int=number)))
    rows: list[LedgerRow] = ledger.rows
    return rows


def measure_rows(rows: Sequence[LedgerRow]) -> RowMeasurement:
    """Return the sizes of rows with and without compression, and the times of both directions."""
    items = [row_item(row) for row in rows]
    after = [billed_bytes(item) for item in items]
    before = [billed_bytes(_without_compression(row, item)) for row, item in zip(rows, items, strict=True)]
    documents = [(row.inputs, row.body, row.summary) for row in rows]
    packed = [(pack_documents(*parts), parts[2]) for parts in documents]
    return RowMeasurement(
        median(before),
        median(after),
        mean(math.ceil(size / 1024) for size in before),
        mean(math.ceil(size / 1024) for size in after),
        _microseconds(pack_documents, documents),
        _microseconds(unpack_documents, packed),
    )


def _without_compression(row: LedgerRow, item: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in item.items() if name != "packed"}
    return rest | {"inputs": {"S": row.inputs}, "body": {"S": row.body}}


def _microseconds(function: Any, items: Sequence[Any]) -> float:
    """Return the CPU time of one call in microseconds: the least of several rounds."""
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for item in items:
            function(*item)
        times.append((time.process_time() - began) / len(items) * 1e6)
    return min(times)


def main() -> None:
    """Print the table of all packages."""
    native.add_to_path()
    table = Table("row", "bytes before", "stored", "units", "pack us", "unpack us", "$ / million", "with a quota")
    for model in packages():
        for explain in (False, True):
            row = measure_rows(rows_of(model, explain))
            table.add_row(
                f"{model.name}{', explained' if explain else ''}",
                f"{row.before:,.0f}",
                f"{row.after:,.0f}",
                f"{row.units_before:.1f} to {row.units_after:.1f}",
                f"{row.pack:.0f}",
                f"{row.unpack:.0f}",
                f"-{row.saved(1):.2f}",
                f"-{row.saved(2):.2f}",
            )
    Console().print(table)


if __name__ == "__main__":
    main()
