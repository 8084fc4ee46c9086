"""Measures a decision with all engines of a package against the engines alone."""

import random
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from time import process_time

from benchmarks.measure import Measurement, time_calls
from benchmarks.model_cases import draw_row, trained_packages
from vigil.prediction.engines.ensemble_runner import EnsembleRunner
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.engines.ports import VotingEngine

Row = tuple[float, ...]
ROWS = 2_000


def decision_measurements() -> Iterator[Measurement]:
    """Yield a measurement for every package trained in this checkout.

    The reference is the sum of the times of the engines: the raw scores of trees, forest and distance, and the rules.
    It excludes calibration, votes, evidence, weights, vetoes and abstention.
    """
    for folder, contract in trained_packages():
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        engines = {
            spec.name: load_engine(spec, files[spec.file], contract, files.get(spec.table_file))
            for spec in contract.engines
        }
        draws = random.Random(7)  # noqa: S311 - rows to score, not secrets
        rows = [draw_row(contract, draws) for _ in range(ROWS)]
        places = {spec.name: place for place, spec in enumerate(contract.features)}
        columns = [itemgetter(*(places[f.name] for f in contract.engine_features(spec))) for spec in contract.engines]
        bare = [(_bare(engines[spec.name]), pick) for spec, pick in zip(contract.engines, columns, strict=True)]
        parts = [tuple(pick(row) for _, pick in bare) for row in rows]
        yield Measurement(
            f"{contract.name}: a decision by {len(bare)} engines / the engines alone",
            time_calls(EnsembleRunner(contract, engines).assess, rows, 200, clock=process_time),
            time_calls(_in_sequence([run for run, _ in bare]), parts, 200, clock=process_time),
            goal=3.0,
        )


def _bare(engine: VotingEngine) -> Callable[[Row], object]:
    return getattr(engine, "raw", engine.assess)


def _in_sequence(runs: Sequence[Callable[[Row], object]]) -> Callable[[Sequence[Row]], None]:
    def run_all(parts: Sequence[Row]) -> None:
        for run, part in zip(runs, parts, strict=True):
            run(part)

    return run_all
