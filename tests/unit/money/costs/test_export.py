"""The export is complete and exact, and no cell is a spreadsheet formula."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.money.costs.export import CSV_COLUMNS, to_csv
from vigil.money.costs.model import BILLED, CostLine

lines = st.lists(
    st.builds(
        lambda meter, number, micros, adjusts: CostLine("2026-11-30", BILLED[meter], meter, number, 1, micros, adjusts),
        st.sampled_from(sorted(BILLED)),
        st.integers(-(10**12), 10**12),
        st.integers(-(10**12), 10**12),
        st.sampled_from([None, "2026-10"]),
    ),
    max_size=20,
)


@given(lines)
def test_every_line_is_exported_to_the_micro(given_lines):
    rows = list(csv.DictReader(io.StringIO(to_csv(given_lines))))
    assert [int(row["micros"]) for row in rows] == [line.micros for line in given_lines]
    assert [Decimal(row["usd"]) * 10**6 for row in rows] == [line.micros for line in given_lines]
    assert [row["adjusts"] or None for row in rows] == [line.adjusts for line in given_lines]


@given(lines)
def test_a_cell_is_a_plain_number_or_begins_with_a_letter_or_digit(given_lines):
    for row in csv.reader(io.StringIO(to_csv(given_lines))):
        assert len(row) == len(CSV_COLUMNS)
        for cell in row:
            assert cell == "" or cell[0].isalnum() or cell.removeprefix("-").replace(".", "", 1).isdigit()


@pytest.mark.parametrize(("micros", "usd"), [(0, "0.000000"), (1, "0.000001"), (-2_500_000, "-2.500000")])
def test_dollars_are_written_without_exponent(micros, usd):
    line = CostLine("2026-11-30", "inference", "predictions", 1, 1, micros)
    (row,) = csv.DictReader(io.StringIO(to_csv([line])))
    assert row["usd"] == usd
