"""A signed link acts on one alert, by one action, for seven days; a changed link does nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fakes.clock import Clock
from tests.support.fakes.inbound import ALERT_ID, FINGERPRINT, FakeAlerts
from vigil.alerting.alerts.model import Episode, Notice
from vigil.alerting.inbound.links_model import LIFE, AlertLink, sign_link, verify_link
from vigil.alerting.inbound.links_service import PATH, AlertLinks, LinkMaker
from vigil.errors import Unauthenticated

SECRET, OLD = b"canarySecret", b"canaryOldSecret"
NOW = Clock().now
LINK = AlertLink("acme", ALERT_ID, "acknowledge", "night", int((NOW + LIFE).timestamp()))
AT = "2026-03-01T12:00:00.000000Z"
EPISODE = Episode(
    *("acme", FINGERPRINT, 1, "work_stuck", "queue", (), "ERROR", "title", (), "", "", "firing"),
    started_at=AT,
    last_event_at=AT,
)
NOTICE = Notice("acme", FINGERPRINT, 1, 1, "trigger", "member:dr-x", "ERROR", AT)
LINKS = st.builds(
    AlertLink,
    st.sampled_from(["acme", "_operators", "a-1"]),
    st.from_regex(r"alr-[0-9a-f]{24}-[1-9][0-9]{0,8}", fullmatch=True),
    st.sampled_from(["acknowledge", "resolve"]),
    st.from_regex(r"(member:)?[a-z0-9-]{1,40}", fullmatch=True),
    st.integers(int(NOW.timestamp()) + 1, 10**12 - 1),
)


@given(LINKS)
def test_a_link_is_read_from_its_token(link):
    assert verify_link(sign_link(link, SECRET), [SECRET], NOW) == link


@given(LINKS, st.data())
def test_a_token_with_any_changed_character_is_refused(link, data):
    token = sign_link(link, SECRET)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda character: character != token[place]))
    assert verify_link(token[:place] + other + token[place + 1 :], [SECRET], NOW) is None


@given(LINKS, LINKS)
def test_no_two_links_have_the_same_token(one, other):
    assert (sign_link(one, SECRET) == sign_link(other, SECRET)) == (one == other)


@pytest.mark.parametrize("token", ["", ".", "a" * 300, sign_link(LINK, SECRET)[:-1], f"{sign_link(LINK, SECRET)}\n"])
def test_a_token_in_another_form_is_refused(token):
    assert verify_link(token, [SECRET], NOW) is None


def test_a_link_expires_after_seven_days():
    token = sign_link(LINK, SECRET)
    assert verify_link(token, [SECRET], NOW + LIFE - timedelta(seconds=1)) == LINK
    assert verify_link(token, [SECRET], NOW + LIFE) is None


def test_a_link_of_an_earlier_secret_is_read_while_it_is_listed():
    token = sign_link(LINK, OLD)
    assert [verify_link(token, secrets, NOW) for secrets in ([SECRET, OLD], [SECRET])] == [LINK, None]


@pytest.mark.parametrize("channel", ["", "a b", "a.b", "x" * 61])
def test_a_channel_that_no_token_can_carry_is_an_error(channel):
    with pytest.raises(ValueError, match="tokens do not allow"):
        sign_link(replace(LINK, channel=channel), SECRET)


@pytest.mark.parametrize(
    ("state", "actions"), [("firing", ["acknowledge", "resolve"]), ("acknowledged", ["resolve"]), ("resolved", [])]
)
def test_a_notice_has_links_for_the_actions_that_its_alert_allows(state, actions):
    made = LinkMaker(lambda: [SECRET, OLD], "https://api.example.org").links(NOTICE, replace(EPISODE, state=state), NOW)
    assert list(made) == actions
    for action, address in made.items():
        link = verify_link(address.removeprefix(f"https://api.example.org{PATH}"), [SECRET], NOW)
        assert link == replace(LINK, action=action, channel="member:dr-x")


@pytest.mark.parametrize(
    ("address", "notice", "episode"),
    [("", NOTICE, EPISODE), ("https://a", NOTICE, None), ("https://a", replace(NOTICE, action="resolve"), EPISODE)],
)
def test_a_notice_without_address_or_action_has_no_links(address, notice, episode):
    assert LinkMaker(lambda: [SECRET], address).links(notice, episode, NOW) == {}


def test_a_link_has_one_effect_and_is_not_echoed():
    alerts = FakeAlerts()
    links = AlertLinks(lambda: [SECRET], alerts, lambda: NOW)
    for _ in range(2):
        links.perform(links.read(sign_link(LINK, SECRET)))
    assert alerts.changes == [("acknowledged", "link:night", "")]


def test_a_link_that_resolves_ends_its_alert():
    alerts = FakeAlerts()
    AlertLinks(lambda: [SECRET], alerts, lambda: NOW).perform(replace(LINK, action="resolve"))
    assert [change for change, *_ in alerts.changes] == ["resolved"]


def test_forged_and_expired_links_are_refused_alike():
    tokens = [sign_link(LINK, b"other"), sign_link(replace(LINK, expires_at=1), SECRET), "x"]
    texts = set()
    for token in tokens:
        with pytest.raises(Unauthenticated) as error:
            AlertLinks(lambda: [SECRET], FakeAlerts(), lambda: NOW).read(token)
        texts.add(str(error.value))
    assert len(texts) == 1
