"""The channel store contract, for the fake and for DynamoDB; and mails through SES."""

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.support.fakes.channels import FakeChannelStore
from vigil.alerting.channels.mail_sending_store import SesMailer
from vigil.alerting.channels.model import Channel
from vigil.alerting.channels.ports import MailRefused
from vigil.alerting.channels.store import DynamoChannels
from vigil.errors import Unavailable


def channel(number=1, tenant="acme", **more):
    return Channel(tenant, f"chn-{number}", "slack", "Team", {"channel": "C1"}, b"\x00sealed\xff", "cdef", **more)


@pytest.fixture(params=["fake", "dynamodb"])
def store(request):
    if request.param == "fake":
        return FakeChannelStore()
    return DynamoChannels(request.getfixturevalue("aws")("dynamodb"), "alerts")


def test_a_channel_is_stored_and_read_back_complete(store):
    mail = Channel("acme", "chn-2", "email", "Mail", {"address": "a@clinic.example"})
    for each in (channel(), mail):
        assert store.create(each, 20)
        assert store.get("acme", each.channel_id) == each
    assert list(store.list_all("acme")) == [channel(), mail]


def test_a_channel_belongs_to_its_tenant(store):
    store.create(channel(), 20)
    assert store.get("globex", "chn-1") is None
    assert list(store.list_all("globex")) == []
    assert not store.delete(channel(tenant="globex"), 0)


def test_no_more_channels_than_the_limit_are_created(store):
    assert [store.create(channel(number), 2) for number in (1, 2, 3)] == [True, True, False]
    assert store.create(channel(1, "globex"), 2)
    assert store.delete(channel(), 0)
    assert store.create(channel(3), 2)


def test_an_existing_channel_is_not_created_again(store):
    store.create(channel(), 20)
    assert not store.create(channel(version=2), 20)
    assert store.get("acme", "chn-1").version == 1


def test_a_channel_is_replaced_only_over_the_expected_version(store):
    store.create(channel(), 20)
    assert store.replace(channel(version=2), 1)
    assert not store.replace(channel(version=2), 1)
    assert not store.replace(channel(7, version=2), 1)
    assert store.get("acme", "chn-1").version == 2


def test_a_broken_mark_applies_to_the_same_version_only(store):
    store.create(channel(), 20)
    store.mark_broken("acme", "chn-1", 1, "Slack answered invalid_auth")
    assert store.get("acme", "chn-1") == replace(channel(), broken="Slack answered invalid_auth")
    store.replace(channel(version=2), 1)
    store.mark_broken("acme", "chn-1", 1, "late")
    store.mark_broken("acme", "chn-7", 1, "unknown")
    assert store.get("acme", "chn-1").broken == ""
    store.mark_broken("acme", "chn-1", 2, "again")
    store.mark_broken("acme", "chn-1", 2, "")
    assert store.get("acme", "chn-1").broken == ""
    assert store.get("acme", "chn-7") is None


def test_a_channel_of_another_version_is_not_deleted(store):
    store.create(channel(version=3), 20)
    assert not store.delete(channel(version=2), 0)
    assert store.delete(channel(version=3), 0)
    assert store.get("acme", "chn-1") is None


def test_a_deletion_over_another_generation_changes_nothing(store):
    for number in (1, 2):
        store.create(channel(number), 2)
    assert not store.delete(channel(), 1)
    assert store.delete(channel(), 0)
    assert not store.delete(channel(2), 0)
    assert list(store.list_all("acme")) == [channel(2)]
    assert not store.create(channel(2), 2)
    assert store.delete(channel(2), 1)


class Ses:
    """Client that records mails, or raises an error."""

    def __init__(self, error=None):
        self.error, self.calls = error, []

    def send_email(self, **arguments):
        self.calls.append(arguments)
        if self.error:
            raise self.error
        return {"MessageId": "m-1"}


def test_a_mail_has_one_recipient_and_plain_text():
    client = Ses()
    assert SesMailer(lambda: client, "vigil@example.org").send("ada@clinic.example", "Subject", "Text") == "m-1"
    (call,) = client.calls
    assert call["FromEmailAddress"] == "vigil@example.org"
    assert call["Destination"] == {"ToAddresses": ["ada@clinic.example"]}
    assert call["Content"]["Simple"]["Body"] == {"Text": {"Data": "Text", "Charset": "UTF-8"}}


@pytest.mark.parametrize(
    ("code", "is_broken"),
    [("MessageRejected", False), ("BadRequestException", False), ("MailFromDomainNotVerifiedException", True)],
)
def test_a_final_refusal_of_ses_is_a_refused_mail(code, is_broken):
    client = Ses(ClientError({"Error": {"Code": code, "Message": "ada@clinic.example"}}, "SendEmail"))
    with pytest.raises(MailRefused) as refused:
        SesMailer(lambda: client, "vigil@example.org").send("ada@clinic.example", "s", "t")
    assert refused.value.is_sender_broken == is_broken
    assert "ada" not in refused.value.reason


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "TooManyRequestsException", "Message": ""}}, "SendEmail"),
        EndpointConnectionError(endpoint_url="https://email.eu-west-1.amazonaws.com"),
    ],
)
def test_a_temporary_error_of_ses_is_unavailable(error):
    with pytest.raises(Unavailable):
        SesMailer(lambda: Ses(error), "vigil@example.org").send("ada@clinic.example", "s", "t")


def test_a_mail_client_without_a_sender_address_refuses():
    with pytest.raises(MailRefused) as refused:
        SesMailer(Ses, "").send("ada@clinic.example", "s", "t")
    assert not refused.value.is_sender_broken  # a repeat cannot succeed either
