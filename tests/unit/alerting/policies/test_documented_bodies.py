"""The bodies in docs/on-call.md are bodies that the API accepts."""

import json
import re
from pathlib import Path

import pytest

from vigil.alerting.oncall.schemas import MemberBody, ScheduleBody
from vigil.alerting.policies.schemas import PolicyBody, RouteListBody, SilenceBody

PAGE = (Path(__file__).parents[4] / "docs/on-call.md").read_text()
BODIES = re.findall(r"(?:post (\w+) '|v1/alerting/(\w+) [^']*-d '\s*)(\{[^']*\})'", PAGE)
SCHEMAS = {
    "members": MemberBody,
    "policies": PolicyBody,
    "routes": RouteListBody,
    "schedules": ScheduleBody,
    "silences": SilenceBody,
}


def test_every_resource_has_a_body():
    assert sorted(first or second for first, second, _ in BODIES) == sorted(SCHEMAS)


@pytest.mark.parametrize(("posted", "put", "body"), BODIES)
def test_each_body_is_accepted(posted, put, body):
    SCHEMAS[posted or put].model_validate(json.loads(body.replace("…", "1")))
