"""A timeline returns the same sums of every window as a recount of all minutes. The timeline removes old minutes."""

import json
from datetime import timedelta
from random import Random

from vigil.operations.objectives.model import BUDGET_WINDOW, RULES, Sums
from vigil.operations.objectives.timeline_model import HOUR, MINUTE, Timeline

START = 29_000_000 // 60 * 60
DAYS = 33
LENGTHS = {length for rule in RULES for length in (rule.long, rule.short)} | {BUDGET_WINDOW}


def test_every_window_equals_a_recount_of_its_minutes():
    random = Random(5)
    minutes = {START + n: Sums(random.randrange(1, 9), random.randrange(2)) for n in range(DAYS * 1_440) if n % 7}
    timeline, end = Timeline(), START
    while end < START + DAYS * 1_440:
        step = random.randrange(5, 400)
        points = {minute: minutes[minute] for minute in range(end, end + step) if minute in minutes}
        end += step
        timeline = timeline.with_points(points)
        if end % 5 == 0:
            timeline = Timeline.from_stored(json.loads(json.dumps(timeline.to_stored())))
    for length in LENGTHS:
        first = end - length // MINUTE
        if length > timedelta(hours=6):
            first -= first % 60  # a long window begins at a full hour
        assert timeline.window(end, length) == sum((minutes.get(m, Sums()) for m in range(first, end)), Sums())
    assert len(timeline.minutes) <= 390
    assert len(timeline.hours) <= BUDGET_WINDOW // HOUR + 2


def test_a_minute_without_units_takes_no_space():
    assert Timeline().with_points({START: Sums()}) == Timeline()
    assert Timeline().window(START, BUDGET_WINDOW) == Sums()


def test_points_after_a_gap_remove_no_earlier_ones():
    timeline = Timeline().with_points({START + n: Sums(1) for n in range(390)}).with_points({})
    assert timeline.window(START + 390, timedelta(hours=6)) == Sums(360)
    assert timeline.window(START + 390 + 1_440, timedelta(hours=6)) == Sums()
