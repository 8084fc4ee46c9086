"""Tests of distances by the C library: they have the bits of `math.fsum` for all terms."""

import math
import struct
import sys
from random import Random

import pytest

from vigil.prediction.engines import distance

pytestmark = pytest.mark.usefixtures("own_libraries")

ROWS = 3_000


def matrix(random, width, draw):
    return [[draw(random) for _ in range(line + 1)] for line in range(width)]


def usual(random):
    return random.gauss(0, 1)


def spread(random):
    """Return a number of any magnitude whose square is finite."""
    return random.choice([-1, 1]) * random.random() * 2.0 ** random.randint(-500, 500)


def tie(random):
    """Return a number whose sums are often halfway between two doubles, or cancel."""
    return random.choice([1.0, -1.0, 2.0**53, -(2.0**53), 2.0**-53, -(2.0**-53), 2.0**-106, 3.0, 0.0, -0.0])


@pytest.mark.parametrize("draw", [usual, spread, tie])
def test_distances_have_the_bits_of_exact_sums(draw):
    random = Random(draw.__name__)
    for number in range(ROWS):
        whitening = matrix(random, width := 1 + number % 12, draw)
        row = [draw(random) for _ in range(width)]
        try:
            expected = distance.python_distance(whitening)(row)
        except OverflowError:
            continue
        assert distance.load(whitening)(row) == expected


def test_distances_of_wide_rows_have_the_bits_of_exact_sums():
    random = Random(1)
    whitening = matrix(random, 120, usual)
    fast, slow = distance.load(whitening), distance.python_distance(whitening)
    for _ in range(50):
        row = [random.gauss(0, 1) for _ in range(120)]
        assert fast(row) == slow(row)


@pytest.mark.parametrize(
    "row", [[math.inf, 1.0], [math.nan, 1.0], [sys.float_info.max, 1e300], [1e200, -1e200]], ids=repr
)
def test_sums_without_a_finite_value_end_as_in_python(row):
    whitening = [[1.0], [2.0, 3.0]]

    def outcome(of):
        try:
            return struct.pack("d", of(row))
        except (OverflowError, ValueError) as error:
            return type(error), str(error)

    assert outcome(distance.load(whitening)) == outcome(distance.python_distance(whitening))


def test_the_library_computes_finite_distances(monkeypatch):
    monkeypatch.setattr(distance, "python_distance", lambda whitening: None)
    assert distance.load([[2.0], [0.0, 3.0]])([1.0, 1.0]) == math.sqrt(13)


def test_without_the_library_the_distance_is_computed_in_python(monkeypatch):
    monkeypatch.setattr(distance, "find_library", lambda file: None)
    assert distance.load([[2.0], [0.0, 3.0]])([1.0, 1.0]) == math.sqrt(13)


def test_a_row_without_whitening_has_its_length():
    assert distance.load(None)([3.0, 4.0]) == 5.0
