"""Tests with mutated packages: a malformed LightGBM file can kill its process, so it must never be parsed."""

import json
import subprocess
import sys
from datetime import timedelta

import lightgbm
import numpy as np
import pytest

from tests.support.fakes.packages import KEY, NOW, contract
from tests.support.fakes.references import reference
from tests.unit.prediction.packages import fuzz
from vigil.prediction.engines.loading import load_engine
from vigil.prediction.packages.model import TrainedModel
from vigil.prediction.packages.verification import Release, build_package


@pytest.fixture(scope="module")
def package():
    """Return a signed package of a real model, with a category and missing values."""
    random, of = np.random.default_rng(5), contract()
    rows = np.column_stack([random.uniform(0, 120, 500), *(random.integers(0, n, 500) for n in (11, 2, 2))])
    rows[random.random(rows.shape) < 0.1] = np.nan
    labels = (rows[:, 0] + 9 * rows[:, 1] + random.normal(0, 20, 500) > 90).astype(int)
    names = [feature.name for feature in of.features]
    data = lightgbm.Dataset(rows, labels, feature_name=names, categorical_feature=["sex"])
    booster = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, 15)
    golden = tuple({"age": age, "visits": 3, "sex": sex} for age in (None, 20, 90) for sex in ("male", None))
    trained = TrainedModel(of, {"model.txt": booster.model_to_string().encode()}, golden, "# Fuzzed\n", reference(of))
    return build_package(trained, Release(1, NOW, NOW + timedelta(days=1)), KEY, load_engine)


def test_200_mutations_of_a_package_are_refused(package, tmp_path):
    for name, content in package.items():
        (tmp_path / name).write_bytes(content)
    result = subprocess.run(
        [sys.executable, fuzz.__file__, tmp_path], capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stderr
    reasons = json.loads(result.stdout)
    assert sum(reasons.values()) == fuzz.MUTATIONS
    assert set(reasons) <= {"unsigned", "unknown_key", "bad_signature", "digest_mismatch"}


def test_a_mutated_model_file_without_signature_kills_its_process(package):
    """Without the signature check, LightGBM would not catch the damage."""
    code = "import sys; from vigil.prediction.engines.lightgbm import load; load(sys.stdin.buffer.read(), sys.argv[1:])"
    names = [feature.name for feature in contract().features]
    text = package["model.txt"]
    start = text.index(b"threshold=") + len(b"threshold=")
    end = text.index(b"\n", start)
    broken = text[:start] + b" " * (end - start) + text[end:]  # same length, so the size check passes
    result = subprocess.run([sys.executable, "-c", code, *names], input=broken, capture_output=True, check=False)
    assert result.returncode < 0, "ended by a signal: an error that Python could catch would give 1"
