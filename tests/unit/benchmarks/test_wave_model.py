"""Services of the wave simulation against cases that are calculated by hand."""

import pytest

from benchmarks.wave_model import Environments, KeyedItems, OnDemandTable, TokenBucket


def test_a_full_bucket_admits_its_tokens_before_its_rate():
    bucket = TokenBucket(rate=500, burst=1_000)
    # 1,000 tokens + 500 a second: 500 are left, then none, then the rate remains
    assert [bucket.admit(1_000) for _ in range(4)] == [1_000, 1_000, 500, 500]


def test_unused_tokens_never_exceed_the_burst():
    bucket = TokenBucket(rate=500, burst=1_000)
    assert [bucket.admit(0) for _ in range(10)] == [0] * 10
    assert bucket.admit(9_999) == 1_500


def test_environments_grow_by_a_thousand_in_ten_seconds():
    pool = Environments(TokenBucket(rate=100, burst=1_000), concurrency=10_000, requests_each=10)
    served = [pool.serve(50_000, seconds=0.012) for _ in range(45)]
    # 1,100 environments in the first second, then 100 a second; each takes 10 requests a second
    assert served[:3] == [11_000, 12_000, 13_000]
    assert served.index(50_000) == 39
    assert pool.ready == 5_000


@pytest.mark.parametrize(("seconds", "needed"), [(0.012, 10), (0.1, 10), (0.5, 50)])
def test_slow_requests_need_environments_for_their_whole_time(seconds, needed):
    pool = Environments(TokenBucket(rate=100, burst=1_000), concurrency=1_000, requests_each=10)
    assert pool.serve(100, seconds) == 100
    assert pool.ready == needed


def test_requests_during_a_start_have_an_environment_each():
    pool = Environments(TokenBucket(100, 1_000), concurrency=1_000, requests_each=10, start_seconds=0.5)
    assert pool.serve(1_000, seconds=0.012) == 1_000
    assert pool.ready == pytest.approx(512)  # 1,000 requests a second for 0.512 s
    assert pool.serve(5_000, seconds=0.012) == 5_000
    assert pool.serve(9_900, seconds=0.012) == 9_900
    assert pool.ready == 1_000


def test_the_account_bounds_the_environments():
    pool = Environments(TokenBucket(rate=100, burst=1_000), concurrency=30, requests_each=10)
    assert [pool.serve(1_000, 0.012) for _ in range(3)] == [300, 300, 300]


def test_a_hot_partition_is_split_after_some_time():
    items = KeyedItems(keys=1, partition_writes=1_000, split_seconds=3, most_parts=4)
    assert [items.write(3_500) for _ in range(10)] == [1_000] * 3 + [2_000] * 3 + [3_500] * 4


def test_one_item_is_never_split():
    items = KeyedItems(keys=1, partition_writes=1_000, split_seconds=3)
    assert [items.write(3_500) for _ in range(10)] == [1_000] * 10


def test_a_quiet_second_postpones_a_split():
    items = KeyedItems(keys=1, partition_writes=1_000, split_seconds=3, most_parts=2)
    assert [items.write(units) for units in (1_500, 1_500, 900, 1_500, 1_500, 1_500, 1_500)] == [
        *(1_000, 1_000, 900, 1_000, 1_000, 1_000, 1_500),
    ]


def test_keys_share_a_load_evenly():
    assert KeyedItems(keys=7, partition_writes=1_000).write(9_000) == 7_000


def test_a_table_takes_twice_the_peak_of_its_last_window():
    table = OnDemandTable(warm_writes=4_000, quota=40_000, peak_seconds=2)
    assert [table.write(20_000) for _ in range(8)] == [4_000] * 2 + [8_000] * 2 + [16_000] * 2 + [20_000] * 2


def test_a_table_never_exceeds_its_quota():
    table = OnDemandTable(warm_writes=4_000, quota=10_000, peak_seconds=1)
    assert [table.write(90_000) for _ in range(4)] == [4_000, 8_000, 10_000, 10_000]
