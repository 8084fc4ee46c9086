"""Ten thousand random schedules in each of five time zones, for two years."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from random import Random

import pytest

from tests.support.rotas import ZONES, check_two_years, random_schedule

pytestmark = pytest.mark.faults
CHUNKS, SCHEDULES_PER_CHUNK = 100, 100
LEAST_HAND_OFFS_PER_SCHEDULE = 100


def check_chunk(zone, chunk):
    random = Random(f"rota {chunk}")
    return sum(check_two_years(random_schedule(random, zone), random) for _ in range(SCHEDULES_PER_CHUNK))


@pytest.mark.parametrize("zone", ZONES)
def test_ten_thousand_schedules_have_no_wrong_hand_off(zone):
    with ProcessPoolExecutor(mp_context=get_context("fork")) as pool:
        hand_offs = sum(pool.map(partial(check_chunk, zone), range(CHUNKS)))
    assert hand_offs > CHUNKS * SCHEDULES_PER_CHUNK * LEAST_HAND_OFFS_PER_SCHEDULE
