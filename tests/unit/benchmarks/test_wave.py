"""Waves through all limits: the first wall, its remedy, and a month of batches."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.wave import HOUR, MONTH_SECONDS, ChunkUse, batch_month, lone_wave, spread_wave
from benchmarks.wave_check import Reply, most_in_flight
from benchmarks.wave_flow import ScoreUse, Wave, WaveCase, run_wave
from benchmarks.wave_limits import SOURCES, Limits
from benchmarks.wave_walls import climb
from cli.checkout import ROOT

SCORE = ScoreUse(seconds=0.012, row_units=2)
LIMITS = Limits()


def ladder(wave, score=SCORE, limits=LIMITS):
    steps, moved = climb(WaveCase(wave, score, limits))
    return {step.wall.name: step for step in steps}, moved


def test_each_limit_has_a_source():
    assert SOURCES.keys() == {field.name for field in fields(Limits)}
    deployed = Limits.deployed()
    assert replace(deployed, stage_requests=500, stage_burst=1_000, chunk_workers=16) == LIMITS


def test_the_page_names_each_limit_and_its_source():
    page = (ROOT / "docs" / "waves.md").read_text()
    assert [meaning for meaning, source in SOURCES.values() if meaning not in page or source not in page] == []


def test_a_small_wave_meets_no_wall():
    outcome = run_wave(WaveCase(spread_wave(10), SCORE, LIMITS))
    assert (outcome.walls, outcome.served) == ([], outcome.offered)
    assert outcome.offered == 10 * HOUR


def test_the_stage_throttle_is_the_first_wall_of_a_thousand():
    steps, _ = ladder(spread_wave(1_000))
    ((name, step),) = steps.items()
    # 1,000 tokens last two seconds; then half of the scores pass
    assert (name, step.wall.first, step.wall.passed) == ("stage throttle", 2, 500)
    assert step.wall.beyond == 500 * (HOUR - 2)
    assert step.remedy.startswith("parameters")


def test_one_tenant_is_stopped_by_the_key_of_its_index():
    steps, moved = ladder(replace(lone_wave(50_000), seconds=60))
    assert list(steps)[:3] == ["limit of keys", "stage throttle", "API Gateway of the account"]
    assert steps["index of a tenant"].wall.passed == 1_000
    assert moved.limits.index_shards == 50


def test_the_quota_of_a_tenant_takes_one_transaction_at_a_time():
    steps, _ = ladder(replace(lone_wave(1_000), seconds=60), replace(SCORE, quota=True))
    assert steps["quota of a tenant"].wall.passed == pytest.approx(1 / LIMITS.transaction_seconds)


def test_the_rate_limiter_never_refuses_because_of_its_table():
    wave = Wave(5_000, tenants=5_000, keys=50_000, seconds=60)
    limits = replace(LIMITS, stage_requests=9_000, concurrency=9_000, provisioned=9_000, warm_writes=4_000)
    outcome = run_wave(WaveCase(wave, replace(SCORE, row_units=0.5), limits))
    walls = {wall.name: wall.effect for wall in outcome.walls}
    assert walls["warm throughput of `limits`"] == "uncounted"
    assert walls["warm throughput of `usage`"] == "late"
    assert outcome.served == 60 * 4_000  # the indexes refuse the rest


def test_reads_of_the_authorizer_refuse_very_many_keys():
    wave = Wave(90_000, tenants=9_000, keys=360_000, seconds=10)
    steps, moved = ladder(wave)
    # 12,000 authorizations a second read two records each; a new table has 12,000 reads
    assert steps["reads of `access`"].share == pytest.approx(0.5)
    assert moved.limits.warm_reads == 24_000


def test_a_slow_start_spares_refusals_by_missing_environments():
    limits = replace(LIMITS, stage_requests=99_000, account_requests=99_000, concurrency=9_000)
    walls = [
        {wall.name for wall in run_wave(WaveCase(wave, SCORE, limits)).walls}
        for wave in (spread_wave(30_000), replace(spread_wave(30_000), ramp_seconds=60))
    ]
    assert ["growth of environments" in names for names in walls] == [True, False]


@settings(deadline=None, max_examples=25)
@given(st.floats(1, 200_000), st.floats(0.001, 5), st.integers(1, 30), st.booleans(), st.booleans())
def test_a_wave_passes_when_each_of_its_walls_is_moved(rate, seconds, units, quota, is_alone):
    wave = replace((lone_wave if is_alone else spread_wave)(rate), seconds=40)
    _, moved = climb(WaveCase(wave, ScoreUse(seconds, units, quota=quota), replace(LIMITS, split_seconds=9)))
    assert run_wave(moved).walls == []


def test_a_month_of_batches_is_the_work_of_its_chunks():
    month = batch_month(ChunkUse(seconds=2, dollars=0.001), LIMITS, rows=1_000_000_000)
    assert month.chunks == 100_000
    assert month.workers == pytest.approx(200_000 / MONTH_SECONDS)
    assert month.hours == pytest.approx(200_000 / 16 / HOUR)
    assert month.hours_of_largest == pytest.approx(1_000 * 2 / 4 / HOUR)
    assert month.rows_a_second(16) == pytest.approx(80_000)
    assert month.start_seconds == pytest.approx((16 - 5) / 5)
    assert month.dollars == pytest.approx(100)


def test_the_requests_in_flight_are_counted_at_their_peak():
    replies = [Reply(201, 0, 2), Reply(201, 1, 3), Reply(201, 2, 4), Reply(201, 2.5, 2.7)]
    assert most_in_flight(replies) == 3
