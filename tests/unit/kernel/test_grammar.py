"""The one grammar of each type: spellings that are read, and near misses that are refused."""

from datetime import UTC, date, datetime

import pytest

from vigil.kernel import grammar

NOON = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-01T12:00:00Z",
        "2026-02-01t12:00:00z",
        "2026-02-01 12:00:00+00:00",
        "2026-02-01T12:00Z",
        "2026-02-01T15:00:00+0300",
        "2026-02-01T15:00:00+03:00",
        "2026-02-01T07:00:00.000-0500",
        "2026-02-01T12:00:00.0000000Z",
        "2026-02-01T12:00:00.000000999Z",
    ],
)
def test_spellings_of_one_moment_are_equal(text):
    assert grammar.read_moment(text) == NOON


@pytest.mark.parametrize(
    "value",
    [
        *("46054", "20260201", "46054.354", "+46054", "-1", "0", "1732752000", "1732752000000", "1732752000.5"),
        *(46054, 46054.0, True, None, [], {}),
        *("", " ", "2026-02-01", "2026-02-01T12:00:00", "2026-02-01_12:00:00Z", " 2026-02-01T12:00:00Z"),
        *("2026-02-01T12:00:00,5Z", "2026-02-01T12:00:00.Z", "2026-02-01T12:00:00.0000000001Z"),
        *("2026-02-01T24:00:00Z", "2026-02-01T12:00:60Z", "2026-02-30T12:00:00Z", "2026-13-01T12:00:00Z"),
        *("2026-02-01T12:00:00+24:00", "2026-02-01T12:00:00+03", "2026-02-01T12:00:00 Z", "2026-02-01T12:00:00Z\n"),
        *("1899-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "\u0662026-02-01T12:00:00Z", "2026-W05-7T12:00:00Z"),
    ],
)
def test_near_miss_of_a_moment_is_refused(value):
    with pytest.raises(ValueError, match=r".*"):
        grammar.read_moment(value)


@pytest.mark.parametrize("value", ["20260201", "46054", "2026-2-1", "2026-02-01T00:00:00Z", "2026-02-30", 46054, None])
def test_near_miss_of_a_day_is_refused(value):
    assert grammar.read_day("2026-02-01") == date(2026, 2, 1)
    with pytest.raises(ValueError, match=r".*"):
        grammar.read_day(value)


@pytest.mark.parametrize("value", [90, 90.0])
def test_equal_json_numbers_are_one_whole_number(value):
    read = grammar.read_whole_number(value)
    assert read == 90
    assert type(read) is int


@pytest.mark.parametrize("value", [True, "1", "90", None, 1.5, float("nan"), float("inf"), [], {}])
def test_near_miss_of_a_whole_number_is_refused(value):
    with pytest.raises(ValueError, match=r".*"):
        grammar.read_whole_number(value)


@pytest.mark.parametrize("value", [0, 1, "true", "false", "1", None, "yes"])
def test_near_miss_of_a_boolean_is_refused(value):
    assert grammar.read_boolean(value=True) is True
    with pytest.raises(ValueError, match=r".*"):
        grammar.read_boolean(value)


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), (" 12.0 ", 12), ("1e3", 1000), ("+5", 5), (".5", 0.5), ("5.", 5), ("-0", 0)]
)
def test_text_of_a_number_is_read(text, number):
    assert grammar.read_number_text(text) == number


@pytest.mark.parametrize(
    "text", ["", "1_000", "0x1", "nan", "inf", "1e999", "1,5", "\u0665", "true", "1" * 301, 5, None]
)
def test_near_miss_of_a_number_text_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        grammar.read_number_text(text)


def test_text_of_a_boolean_is_true_or_false_alone():
    assert [grammar.read_boolean_text(text) for text in ("true", "FALSE", " True ")] == [True, False, True]
    for text in ("1", "0", "yes", "on", "t", "", True):
        with pytest.raises(ValueError, match=r".*"):
            grammar.read_boolean_text(text)
