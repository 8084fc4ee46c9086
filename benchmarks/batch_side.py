"""Scores a chunk in any checkout: `python batch_side.py MODEL FORM PACKAGES CONTENT`, with the checkout in PYTHONPATH.

For each line of input it prints one answer. `worker` and `predict`: the CPU seconds per row of the worker and of
`Booster.predict`. `peak`: the peak of the worker's allocations in bytes. `digest`: the SHA-256 of the results.
It uses only names that earlier commits also have.
"""

import hashlib
import sys
import tempfile
import tracemalloc
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import model_cases
from cli import native
from vigil.decisions.batches.limits_model import CHUNK_ROWS
from vigil.prediction.engines.ensemble import Ensemble

SYNTHETIC = "synthetic"
ROW_KEY = "5a" * 16
"""Key of the digests of rows, as each batch has one."""


def engine_case(work: Path, name: str, packages: Path = model_cases.PACKAGES) -> model_cases.ModelCase:
    """Return the synthetic model of 200 trees, or the first LightGBM engine of a package as a model of its own."""
    if name == SYNTHETIC:
        return model_cases.prepare_case(work, *model_cases.synthetic_model(200), CHUNK_ROWS)
    trained = {contract.name: (folder, contract) for folder, contract in model_cases.trained_packages(packages)}
    folder, contract = trained[name]
    engine = next(engine for engine in contract.engines if engine.kind == "lightgbm")
    alone = replace(
        contract,
        features=contract.engine_features(engine),
        engines=(model_cases.ENGINE,),
        ensemble=Ensemble({model_cases.ENGINE.name: 1.0}, positive_from=0.5),
        abstention=None,
        history=None,
        typical={},
    )
    return model_cases.prepare_case(work, alone, (folder / engine.file).read_bytes(), CHUNK_ROWS)


class Side:
    """The worker of one checkout with one chunk."""

    def __init__(self, model: str, form: str, packages: Path, content: bytes) -> None:
        name = "benchmarks.batch_worker" if find_spec("benchmarks.batch_worker") else "benchmarks.batch"
        worker: Any = import_module(name)
        self._results: dict[str, bytes] = {}
        running_batch, put, results = worker.running_batch, worker.DiskBatches.put, self._results

        def record(disk: Any, key: str, content: bytes, *more: Any) -> None:
            if not key.startswith("joins/"):  # earlier commits write none
                results[key] = content
            put(disk, key, content, *more)

        def keyed_batch(case: Any, form: Any, model: Any) -> Any:
            self._model_digest = model.digest.encode()
            return replace(running_batch(case, form, model), row_key=ROW_KEY)

        worker.DiskBatches.put, worker.running_batch = record, keyed_batch
        worker.rows_of_file = lambda *_: content
        case = engine_case(Path(tempfile.mkdtemp()), model, packages)
        self._measurement = worker.measure_worker(case, form)

    def answer(self, request: str) -> object:
        """Return the answer to a request."""
        if request == "worker":
            return self._measurement.ours(0)
        if request == "predict":
            return self._measurement.reference(0)
        if request == "digest":
            self._measurement.ours(0)
            # A package has the time of its signature, so that its digest differs between two checkouts.
            found = repr(sorted(self._results.items())).encode().replace(self._model_digest, b"digest")
            return hashlib.sha256(found).hexdigest()
        tracemalloc.start()
        self._measurement.ours(0)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak


def main() -> None:
    """Answer the requests of the input."""
    native.add_to_path()
    model, form, packages, content = sys.argv[1:]
    side = Side(model, form, Path(packages), Path(content).read_bytes())
    for request in sys.stdin:
        sys.stdout.write(f"{side.answer(request.strip())}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
