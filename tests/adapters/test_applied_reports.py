"""Contract of the store of applied reports, for the fake and DynamoDB."""

from datetime import UTC, datetime

import pytest

from tests.support.fakes.inbound import ENDPOINT, FakeAppliedReports
from vigil.alerting.inbound.model import Endpoint
from vigil.alerting.inbound.store import DynamoAppliedReports

UNTIL = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.fixture(params=["fake", "dynamodb"])
def applied(request):
    if request.param == "fake":
        return FakeAppliedReports()
    return DynamoAppliedReports(request.getfixturevalue("dynamodb"), "alerts")


def test_a_stored_report_is_known_to_its_channel_only(applied):
    assert not applied.has(ENDPOINT, "r-1")
    applied.add(ENDPOINT, "r-1", UNTIL)
    applied.add(ENDPOINT, "r-1", UNTIL)
    others = [(Endpoint("acme", "day"), "r-1"), (Endpoint("globex", "night"), "r-1"), (ENDPOINT, "r-2")]
    assert [applied.has(*each) for each in [(ENDPOINT, "r-1"), *others]] == [True, False, False, False]


def test_an_item_expires_and_belongs_to_its_tenant(dynamodb):
    DynamoAppliedReports(dynamodb, "alerts").add(ENDPOINT, "r-1", UNTIL)
    (item,) = dynamodb.scan(TableName="alerts")["Items"]
    assert item == {
        "pk": {"S": "acme#INBOUND"},
        "sk": {"S": "night#r-1"},
        "expires_at": {"N": str(int(UNTIL.timestamp()))},
    }
