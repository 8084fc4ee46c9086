"""Measurements of one LightGBM engine alone: rows, explanations and batches, in CPU time of one thread.

Each is compared with the lightgbm package, or with its C library called from Python in the same way.
"""

import json
import math
from array import array
from collections.abc import Callable
from functools import partial
from operator import itemgetter
from time import perf_counter, process_time
from typing import Any

import lightgbm
import numpy as np
from pydantic_core import from_json, to_json

from benchmarks.measure import Measurement, time_calls
from benchmarks.model_cases import ModelCase
from vigil.decisions.batches.fast_rows import build_fast_reader
from vigil.decisions.scoring.encoded_rows import EncodedRows
from vigil.prediction.engines import lightgbm as c_library
from vigil.prediction.engines import trees

JSON_BATCH = 1_000

_timed = partial(time_calls, clock=process_time)


def engine_of(case: ModelCase) -> "trees.TreesEngine | c_library.LightGBMEngine":
    """Return the engine that serves this model: packed trees, or the C library of LightGBM without a table."""
    if case.table and (engine := trees.load(case.table, case.text, len(case.names))):
        return engine
    return _c_library(case)


def one_row(case: ModelCase) -> Measurement:
    """Return a measurement of the raw score of one row, beside the package."""
    arrays = [np.array([row]) for row in case.rows]
    booster = _package(case)
    return Measurement(
        "one row / Booster.predict",
        _timed(engine_of(case).raw_score, case.rows, 500),
        _timed(lambda row: booster.predict(row, raw_score=True, num_threads=1), arrays, 500),
        goal=0.45,
    )


def one_row_against_c(case: ModelCase) -> Measurement:
    """Return a measurement of the raw score of one row, beside LightGBM's C library, called in the same way."""
    return Measurement(
        "one row / LightGBM's C",
        _timed(engine_of(case).raw_score, case.rows, 1_000),
        _timed(_c_library(case).raw_score, case.rows, 1_000),
        goal=0.6 if case.table else None,
    )


def explained_row_against_c(case: ModelCase) -> Measurement:
    """Return a measurement of one row's TreeSHAP contributions, beside LightGBM's C library, called in the same way."""
    return Measurement(
        "TreeSHAP, one row / LightGBM's C",
        _timed(engine_of(case).contributions, case.rows, 100),
        _timed(_c_library(case).contributions, case.rows, 100),
        goal=0.35 if case.table else None,
    )


def batch(case: ModelCase, count: int, threads: int) -> Measurement:
    """Return a measurement of raw scores of `count` rows in one call, in seconds per row.

    A packed table always uses one core. With several threads of the package, elapsed time is measured, not CPU time.
    """
    engine, booster = engine_of(case), _package(case)
    timed = partial(time_calls, clock=process_time if threads == 1 else perf_counter)
    rows = np.array(case.rows[:count])
    return Measurement(
        f"{count:,} rows / Booster.predict, {threads} core{'s' if threads > 1 else ''}",
        timed(lambda block: engine.raw_scores(block, count), [rows], 1, per=count),
        timed(lambda block: booster.predict(block, raw_score=True, num_threads=threads), [rows], 1, per=count),
        goal=0.4 if case.table and threads == 1 else None,
    )


def json_batch(case: ModelCase) -> Measurement:
    """Return a measurement from JSON arrays to JSON scores, in seconds per row. Both sides use pydantic's parser."""
    engine, booster = engine_of(case), _package(case)
    rows = [[None if math.isnan(x) else x for x in row] for row in case.rows]
    bodies = [json.dumps(rows[i : i + JSON_BATCH]) for i in range(0, len(rows), JSON_BATCH)]

    def ours(body: str) -> bytes:
        values = array("d", [math.nan if x is None else x for row in from_json(body) for x in row])
        return to_json(list(engine.raw_scores(values, JSON_BATCH)))

    def package(body: str) -> bytes:
        values = np.array(from_json(body), np.float64)
        return to_json(list(booster.predict(values, raw_score=True, num_threads=1)))

    return _compared(f"{JSON_BATCH:,} rows through JSON / Booster.predict", case, ours, package, bodies)


def ndjson_batch(case: ModelCase) -> Measurement:
    """Return a measurement from NDJSON of named values, the format of the API, to JSON scores, in seconds per row.

    Vigil reads it as a worker of batches does. The other side uses the JSON parser of pydantic.
    """
    engine, booster = engine_of(case), _package(case)
    lines = [json.dumps({"subject_id": "one", "features": case.contract.decode(row)}) for row in case.rows]
    bodies = ["\n".join(lines[i : i + JSON_BATCH]).encode() for i in range(0, len(lines), JSON_BATCH)]
    read = build_fast_reader(case.contract, None)
    values_of = itemgetter(*case.names)
    codes = {
        place: {None: None, **{level: code for code, level in enumerate(spec.categories)}}
        for place, spec in enumerate(case.contract.features)
        if spec.type == "category"
    }

    def ours(body: bytes) -> bytes:
        subjects = read(body.split(b"\n"))
        rows = subjects if isinstance(subjects, EncodedRows) else EncodedRows.join(filter(None, subjects))
        return to_json(list(engine.raw_scores(rows.vectors, JSON_BATCH)))

    def coded(line: bytes) -> list[Any]:
        values = list(values_of(from_json(line)["features"]))
        for place, code in codes.items():
            values[place] = code[values[place]]
        return values

    def package(body: bytes) -> bytes:
        values = np.array([coded(line) for line in body.split(b"\n")], np.float64)
        return to_json(list(booster.predict(values, raw_score=True, num_threads=1)))

    return _compared(f"{JSON_BATCH:,} rows through NDJSON / Booster.predict", case, ours, package, bodies)


def _compared(
    title: str, case: ModelCase, ours: Callable[[Any], bytes], package: Callable[[Any], bytes], bodies: list[Any]
) -> Measurement:
    if ours(bodies[0]) != package(bodies[0]):
        raise ValueError("both sides must give the same answer")
    return Measurement(
        title,
        _timed(ours, bodies, 1, per=JSON_BATCH),
        _timed(package, bodies, 1, per=JSON_BATCH),
        goal=0.667 if case.table else None,
    )


def _c_library(case: ModelCase) -> c_library.LightGBMEngine:
    return c_library.load(case.text, case.names)


def _package(case: ModelCase) -> lightgbm.Booster:
    return lightgbm.Booster(model_str=case.text.decode())
