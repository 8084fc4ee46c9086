"""Steps have the rows of a chunk in order, without blank lines, and are bounded in rows and bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigil.decisions.batches import step_rows
from vigil.decisions.batches.row_boundaries import RowBoundaries, is_blank
from vigil.decisions.batches.step_rows import BYTES_PER_STEP, ROWS_PER_STEP, cut_steps

LINES = st.lists(st.text('a,"\r \t\0', max_size=5).map(str.encode), max_size=12).map(b"\n".join)


def rows_by_line(content, form):
    """Return the rows of a chunk, found line by line."""
    found, lines = [], iter(content.split(b"\n"))
    for line in lines:
        if is_blank(line, form):
            continue
        row, ends = line, RowBoundaries(form)
        while not ends.ends_row(line) and (line := next(lines, None)) is not None:
            row += b"\n" + line
        found.append(row.removesuffix(b"\r"))
    return found


@pytest.mark.parametrize("form", ["csv", "ndjson"])
@given(LINES)
def test_steps_have_every_row_of_a_chunk_once(form, content):
    assert [row for step in cut_steps(content, form) for row in step] == rows_by_line(content, form)


@given(st.lists(st.integers(1, 30), max_size=40))
def test_a_step_ends_with_the_row_that_reaches_its_bytes(lengths):
    rows = [b"x" * length for length in lengths]
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(step_rows, "ROWS_PER_STEP", 5)
        changed.setattr(step_rows, "BYTES_PER_STEP", 40)
        steps = list(cut_steps(b"\n".join(rows), "ndjson"))
    assert [row for step in steps for row in step] == rows
    for step in steps[:-1]:
        assert len(step) == 5 or sum(map(len, step)) >= 40
    assert all(len(step) <= 5 and sum(map(len, step[:-1])) < 40 for step in steps)


def test_a_step_of_usual_rows_has_500_rows():
    steps = [len(step) for step in cut_steps(b"x,1\n" * 1_201, "csv")]
    assert (steps, ROWS_PER_STEP) == ([500, 500, 201], 500)
    assert len(next(cut_steps((b"x" * 100_000 + b"\n") * 20, "csv"))) == BYTES_PER_STEP // 100_000 + 1
