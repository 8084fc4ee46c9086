"""The pause of an answer is bounded for every text of its header."""

from datetime import UTC, datetime, timedelta

import pytest

from vigil.outbound.requests import MAX_PAUSE, retry_after


@pytest.mark.parametrize(
    "text",
    [
        "1 Jan 2026 00:00:00 +99999999999999999",
        "1 Jan 2026 00:00:00 +9999",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Sat, 1 Jan 0001 00:00:00 +2359",
        "1 Jan 99999999999 00:00:00 GMT",
        "9" * 400,
    ],
)
def test_an_extreme_retry_after_raises_no_error(text):
    pause = retry_after({"retry-after": text}, datetime(2026, 3, 1, tzinfo=UTC))
    assert pause is None or timedelta() <= pause <= MAX_PAUSE
