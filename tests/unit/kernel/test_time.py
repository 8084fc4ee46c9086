"""Timestamps have one format, and one function writes it."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.timestamps import ONE_FORMAT, other_formats
from vigil import kernel
from vigil.kernel.time import format_day, format_timestamp, hours_in_month, next_month_start, previous_month

PACKAGE = Path(kernel.__file__).parents[1]
WRITER = "kernel/time.py"
EARLIEST = datetime.fromisoformat("1900-01-01")
ISOFORMAT = re.compile(r"(?<!from)isoformat\(")


@given(st.datetimes(timezones=st.timezones() | st.just(UTC), min_value=EARLIEST))
def test_any_moment_has_the_one_format_and_is_parsed_back(moment):
    text = format_timestamp(moment)
    assert ONE_FORMAT.fullmatch(text)
    assert datetime.fromisoformat(text) == moment.astimezone(UTC)
    assert list(other_formats({"at": [text]})) == []


@given(st.lists(st.datetimes(timezones=st.just(UTC), min_value=EARLIEST), min_size=2))
def test_timestamps_sort_like_their_moments(moments):
    assert [format_timestamp(moment) for moment in sorted(moments)] == sorted(map(format_timestamp, moments))


def test_an_offset_is_converted_to_utc():
    moment = datetime(2026, 11, 21, 6, tzinfo=timezone(timedelta(hours=1)))
    assert format_timestamp(moment) == "2026-11-21T05:00:00.000000Z"


@pytest.mark.parametrize(
    ("text", "is_other"),
    [
        ("2026-11-21T05:00:00.000000Z", False),
        ("2026-11-21T05:00:00+00:00", True),
        ("2026-11-21T05:00:00Z", True),
        ("2026-11-21 05:00", True),
        ("until 2026-11-21T05:00:00.000000+00:00", True),
        ("2026-11-21T05", False),
        ("2026-11-21", False),
        ("2026-11", False),
    ],
)
def test_only_timestamps_in_another_format_are_found(text, is_other):
    assert bool(list(other_formats({"a": [{"b": text}]}))) is is_other


def test_a_day_is_written_as_in_iso_8601():
    assert format_day(date(2026, 11, 2)) == "2026-11-02"


def test_months_end_and_precede_each_other():
    assert next_month_start("2026-12") == datetime(2027, 1, 1, tzinfo=UTC)
    assert (previous_month("2027-01"), previous_month("2026-03")) == ("2026-12", "2026-02")
    assert (hours_in_month("2028-02"), hours_in_month("2026-11")) == (29 * 24, 30 * 24)


def test_only_one_module_writes_timestamps():
    modules = {path.relative_to(PACKAGE).as_posix(): path.read_text() for path in PACKAGE.rglob("*.py")}
    assert [name for name, source in modules.items() if ISOFORMAT.search(source)] == [WRITER]
