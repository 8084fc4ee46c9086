"""Only addresses of the public internet are public, by Vigil's own table. Each host has one spelling."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hostile_addresses import HOSTILE, IANA_SPECIAL
from vigil.kernel.addresses import MAIL_ADDRESS, address_kind, canonical_host, is_own_host

PUBLIC = ("1.1.1.1", "8.8.8.8", "52.94.236.248", "2606:4700::1111", "2a00:1450:4001:81b::200e", "::ffff:8.8.8.8")
NETWORKS = [ip_network(text) for text in IANA_SPECIAL]


def addresses_of(network):
    """Return a strategy for the addresses of a network, its first and last one included."""
    first, last = int(network[0]), int(network[-1])
    kind = type(network[0])
    return st.one_of(st.sampled_from([first, last]), st.integers(first, last)).map(kind)


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_public(text):
    assert address_kind(text) == "public"


def test_at_least_120_hostile_addresses_are_tried():
    assert len(set(HOSTILE)) >= 120


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_address_is_not_public(text):
    assert address_kind(text) != "public"


@given(st.sampled_from(NETWORKS).flatmap(addresses_of))
def test_no_address_of_a_special_range_is_public(address):
    assert address_kind(str(address)) != "public"


@given(st.sampled_from([each for each in NETWORKS if each.version == 4]).flatmap(addresses_of))
def test_a_special_ipv4_address_is_not_public_in_any_ipv6_form(address):
    forms = [f"::ffff:{address}", f"::{address}", f"64:ff9b::{address}", f"64:ff9b:1::{address}", f"::ffff:0:{address}"]
    forms.append(str(IPv6Address((0x2002 << 112) | (int(address) << 80))))
    assert "public" not in map(address_kind, forms)


@given(st.ip_addresses(v=6).filter(lambda address: int(address) >> 125 != 1 and address.ipv4_mapped is None))
def test_an_ipv6_address_outside_of_global_unicast_is_not_public(address):
    assert address_kind(str(address)) != "public"


@given(st.ip_addresses(v=4))
def test_a_mapped_address_has_the_kind_of_its_ipv4_address(address):
    assert address_kind(f"::ffff:{address}") == address_kind(str(address))


@given(st.ip_addresses())
def test_most_public_addresses_are_global_for_the_interpreter_too(address):
    """The table is at least as strict as `is_global`."""
    if address_kind(str(address)) == "public":
        plain = address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
        assert plain.is_global
        assert not plain.is_multicast


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *(("10.0.0.1", "private"), ("172.31.255.255", "private"), ("192.168.0.1", "private"), ("fd12::1", "private")),
        *(("100.64.0.1", "private"), ("127.0.0.1", "loopback"), ("::1", "loopback"), ("::ffff:127.0.0.1", "loopback")),
        *(("169.254.169.254", "special"), ("fd00:ec2::254", "special"), ("fe80::1", "special"), ("0.0.0.0", "special")),
        *(("::", "special"), ("172.32.0.1", "public"), ("11.0.0.1", "public"), ("fe80::1%eth0", "special")),
    ],
)
def test_addresses_of_organizations_are_told_from_special_ones(text, kind):
    assert address_kind(text) == kind


@pytest.mark.parametrize("text", ["", "example.org", "1.2.3", "0177.0.0.1", "2130706433", "1.2.3.4.5", "2001::1::"])
def test_a_text_that_is_no_address_is_special(text):
    assert address_kind(text) == "special"


def test_the_neighbours_of_each_special_ipv4_range_are_public():
    """A range that is too wide would refuse tenants' servers."""
    others = [each for each in NETWORKS if each.version == 4]
    ends = {int(each[0]) - 1 for each in others} | {int(each[-1]) + 1 for each in others}
    outside = [
        IPv4Address(end) for end in ends if 0 <= end < 1 << 32 and not any(IPv4Address(end) in each for each in others)
    ]
    assert len(outside) > 20
    assert {address_kind(str(ip_address(address))) for address in outside} == {"public"}


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("LocalHost.", "localhost"),
        ("localhost..", "localhost"),
        ("Api.Example.org.", "api.example.org"),
        ("[::1]", "::1"),
        ("[0:0:0:0:0:0:0:1]", "::1"),
        ("::FFFF:7F00:1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("0x7f.0.0.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
        ("10.258", "10.0.1.2"),
        ("vectors.internal", "vectors.internal"),
        ("1.2.3.4.example.org", "1.2.3.4.example.org"),
        ("", ""),
    ],
)
def test_every_spelling_of_a_host_becomes_one(text, canonical):
    assert canonical_host(text) == canonical
    assert canonical_host(canonical) == canonical


OWN = (
    *("localhost", "LOCALHOST.", "api.localhost", "localhost.localdomain", "localhost6", "ip6-localhost"),
    *("ip6-loopback", "127.0.0.1", "127.1", "127.255.255.254", "2130706433", "0x7f.1", "017700000001", "127.0.0.1."),
    *("0", "0.0.0.0", "[::]", "[::1]", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
    *("169.254.169.254", "169.254.170.2", "2852039166", "0xa9fea9fe", "fe80::1", "fe80::1%eth0", "fd00:ec2::254"),
    *("::ffff:169.254.169.254", "instance-data.ec2.internal", "224.0.0.1", "255.255.255.255"),
)


@pytest.mark.parametrize("host", OWN)
def test_every_spelling_of_this_machine_is_its_own_host(host):
    assert is_own_host(host)


@pytest.mark.parametrize(
    "host",
    ["10.1.2.3", "192.168.0.1", "fd12::1", "8.8.8.8", "api.example.org", "localhost.example.org", "mylocalhost", ""],
)
def test_another_machine_is_no_own_host(host):
    assert not is_own_host(host)


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        ("alerts@example.org", True),
        ("first.last+tag@mail.example.org", True),
        ("alerts@example.org\r\nBcc: all@example.org", False),
        ("alerts@example.org\n", False),
        ("Vigil <alerts@example.org>", False),
        ("a@example.org, b@example.org", False),
        ('"two words"@example.org', False),
        ("a b@example.org", False),
        ("a@b@example.org", False),
        (".a@example.org", False),
        ("a..b@example.org", False),
        ("a@[127.0.0.1]", False),
        ("a@localhost", False),
        ("a@example.org.", False),
        ("ü@example.org", False),
        ("alerts", False),
    ],
)
def test_only_a_plain_mail_address_has_its_form(text, is_plain):
    assert bool(MAIL_ADDRESS.fullmatch(text)) is is_plain
