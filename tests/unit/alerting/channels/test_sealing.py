"""Sealed secrets open only for their own tenant and channel, under the current or an earlier alerting secret."""

from dataclasses import replace

import pytest

from vigil.alerting.channels.model import Channel
from vigil.alerting.channels.ports import UnreadableSecrets
from vigil.alerting.channels.sealing import Sealing, hint

SECRETS = {"bot_token": "xoxb-canary", "signing_secret": "canary"}


def channel(sealing, tenant="acme", channel_id="chn-1"):
    return Channel(tenant, channel_id, "slack", "Team", {}, sealing.seal(tenant, channel_id, SECRETS))


@pytest.fixture
def sealing():
    return Sealing(lambda: [b"secret"])


def test_sealed_secrets_open_for_their_channel(sealing):
    sealed = channel(sealing)
    assert sealing.open(sealed) == SECRETS
    assert b"canary" not in sealed.sealed


def test_equal_secrets_are_sealed_differently(sealing):
    assert channel(sealing).sealed != channel(sealing).sealed


@pytest.mark.parametrize("other", [{"tenant_id": "globex"}, {"channel_id": "chn-2"}, {"sealed": b"short"}])
def test_secrets_of_another_channel_do_not_open(sealing, other):
    with pytest.raises(UnreadableSecrets):
        sealing.open(replace(channel(sealing), **other))


def test_every_changed_byte_is_found(sealing):
    sealed = channel(sealing)
    for place in range(len(sealed.sealed)):
        changed = bytearray(sealed.sealed)
        changed[place] ^= 1
        with pytest.raises(UnreadableSecrets):
            sealing.open(replace(sealed, sealed=bytes(changed)))


def test_an_earlier_alerting_secret_still_opens(sealing):
    assert Sealing(lambda: [b"new", b"secret"]).open(channel(sealing)) == SECRETS
    with pytest.raises(UnreadableSecrets):
        Sealing(lambda: [b"new"]).open(channel(sealing))


def test_a_channel_without_secrets_is_empty(sealing):
    assert sealing.open(Channel("acme", "chn-1", "email", "Mail", {})) == {}


def test_a_hint_has_four_characters_of_a_long_secret_only():
    assert (hint("0123456789abcdef"), hint("short secret")) == ("cdef", "")
