"""Stored documents of schedules lose nothing."""

import json
from random import Random

import pytest

from tests.support.alerting_examples import ANN, BEN, ROTA
from tests.support.rotas import ZONES, random_schedule
from vigil.alerting.oncall.documents_model import member_document, read_member, read_schedule, schedule_document


@pytest.mark.parametrize("zone", ZONES)
def test_a_schedule_is_read_as_it_was_written(zone):
    random = Random(zone)
    for schedule in (ROTA, *(random_schedule(random, zone) for _ in range(40))):
        assert read_schedule(json.loads(json.dumps(schedule_document(schedule)))) == schedule


@pytest.mark.parametrize("member", [ANN, BEN])
def test_a_member_is_read_as_it_was_written(member):
    assert read_member(json.loads(json.dumps(member_document(member)))) == member
