"""The text of a key: its checksum, and the pattern that SECURITY.md publishes for secret scanners."""

import re
import string
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.access_services import build_world
from vigil.access.keys.token import KeyToken
from vigil.errors import Unauthenticated

SECURITY = (Path(__file__).parents[4] / "SECURITY.md").read_text()
PATTERN = re.compile(re.search(r"^    (vgl_\[.+)$", SECURITY, re.MULTILINE)[1])
EXAMPLES = re.findall(r"^    (vgl_\w+_[\w-]{43}_\w{6})$", SECURITY, re.MULTILINE)
STAGES = st.from_regex(r"[a-z0-9]{1,16}", fullmatch=True)
OLD = "vgl_local_0dd69d6dd3b44cfc_LQz4LoTTrB3bUKNQ7-jdpn2g3HW-LUgdXG4V2VhkUZM"
"""Key of a release without checksums."""


@given(STAGES)
def test_the_checksum_is_the_crc_32_in_base62(stage):
    text = str(KeyToken.new(stage))
    body, _, digits = text.rpartition("_")
    alphabet = string.digits + string.ascii_uppercase + string.ascii_lowercase
    assert sum(alphabet.index(digit) * 62**place for place, digit in enumerate(reversed(digits))) == zlib.crc32(
        body.encode()
    )


@given(STAGES)
def test_a_new_key_matches_the_published_pattern(stage):
    text = str(KeyToken.new(stage))
    assert PATTERN.fullmatch(text)
    assert str(KeyToken.parse(text)) == text
    assert PATTERN.findall(f"key={text}&x=1") == [text]


@given(st.from_regex(PATTERN, fullmatch=True, alphabet=st.characters(codec="ascii")), st.booleans())
def test_the_parser_accepts_the_pattern_with_a_right_checksum_only(text, repaired):
    _, stage, key_id = text.split("_")[:3]
    secret = text[-50:-7]
    right = str(KeyToken(stage, key_id, secret))
    text = right if repaired else text
    assert (KeyToken.parse(text) is not None) == (text == right)


@given(place=st.integers(0, 200), other=st.sampled_from(string.printable))
def test_a_key_with_one_changed_character_is_refused(place, other):
    text = str(KeyToken.new("local"))
    place %= len(text)
    changed = text[:place] + other + text[place + 1 :]
    assert (KeyToken.parse(changed) is None) == (changed != text)


@given(place=st.integers(0, 200))
def test_a_truncated_key_costs_no_read(place):
    world = build_world()
    world.tenants.create("acme", "FREE")
    text = str(world.keys.create("acme", by="operator").token)
    reads = world.key_store.reads
    with pytest.raises(Unauthenticated):
        world.authenticator.authenticate(text[: place % len(text)], "203.0.113.7")
    assert world.key_store.reads - reads == (1 if place % len(text) == len(text) - 7 else 0)


def test_a_wrong_checksum_costs_no_call():
    world = build_world()
    world.tenants.create("acme", "FREE")
    text = str(world.keys.create("acme", by="operator").token)
    world.peppers.peppers = None
    with pytest.raises(Unauthenticated):
        world.authenticator.authenticate(text[:-1] + ("0" if text[-1] != "0" else "1"), "203.0.113.7")
    assert (world.key_store.reads, world.counters.writes) == (0, 0)


def test_a_key_without_checksum_is_parsed_unchanged():
    token = KeyToken.parse(OLD)
    assert (str(token), token.has_checksum) == (OLD, False)


def test_the_published_examples_match_the_pattern_and_are_no_keys():
    assert len(EXAMPLES) >= 2
    assert [example for example in EXAMPLES if not PATTERN.fullmatch(example) or KeyToken.parse(example)] == []
