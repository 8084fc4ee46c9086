"""A URL of a tenant is https on port 443 of a public name; an operator names exceptions exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hostile_addresses import HOSTILE
from vigil.errors import InvalidInput
from vigil.outbound.destinations import MAX_URL_CHARACTERS, AllowedDestinations, host_and_port, parse_destination

NONE = AllowedDestinations()
PAIRS = frozenset({("vectors.internal", 8443), ("10.0.0.7", 8443), ("127.0.0.1", 8080), ("::1", 8080)})
DEPLOYED, LOCAL = AllowedDestinations(PAIRS), AllowedDestinations(PAIRS, is_local=True)
CANARY = "canary4711"


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("https://hooks.example.org", "hooks.example.org", "/"),
        ("https://hooks.example.org:443/a/b?c=d", "hooks.example.org", "/a/b?c=d"),
        ("HTTPS://Hooks.Example.ORG/A", "hooks.example.org", "/A"),
        ("https://hooks.example.org?x=1/2@3", "hooks.example.org", "/?x=1/2@3"),
        ("https://xn--bcher-kva.example/%20", "xn--bcher-kva.example", "/%20"),
    ],
)
def test_a_public_url_is_parsed(url, host, target):
    found = parse_destination(url, NONE)
    assert (found.scheme, found.host, found.port, found.target) == ("https", host, 443, target)
    assert (found.authority, found.kinds) == (host, {"public"})


@pytest.mark.parametrize(
    "url",
    [
        *("", "hooks.example.org", "//hooks.example.org", "ftp://a.example.org", "http://a.example.org", "file:///a"),
        *("https://", "https:///a", "https://a.example.org:80", "https://a.example.org:8443", "https://a.example.org:"),
        *(
            "https://a.example.org:4 43",
            "https://u@a.example.org",
            "https://u:p@a.example.org",
            "https://@a.example.org",
        ),
        *(
            "https://a.example.org#f",
            "https://a.example.org/#f",
            "https://a.example.org\\@10.0.0.1/",
            "https://a b.org",
        ),
        *("https://localhost", "https://localhost:443", "https://db", "https://a.example.org.", "https://.example.org"),
        *(
            "https://a..org",
            "https://-a.org",
            "https://a-.org",
            "https://127.0.0.1",
            "https://8.8.8.8",
            "https://127.1",
        ),
        *("https://0x7f000001", "https://0x7f.1", "https://2130706433", "https://017700000001", "https://a.0x"),
        *("https://[::1]", "https://[::ffff:10.0.0.1]", "https://[2606:4700::1111]", "https://[fe80::1%25eth0]"),
        *("https://a.example.org\r\nHost: b", "https://a.example.org/\n", "https://\ta.example.org", " https://a.org"),
        *("https://bücher.example", "https://a.example.org/ü", "https://a。example.org", "https://\uff41.example.org"),
        *("https://a.example.org/<b>", 'https://a.example.org/"', "https://a.example.org/^", "https://a.org/{b}"),
        *(f"https://{'a' * 64}.org", f"https://{'a.' * 130}org", f"https://a.org/{'a' * MAX_URL_CHARACTERS}"),
        *("https://a.example.org:99999", "https://a.example.org:443:443", "https://[::1", "https://a.example.org%00"),
    ],
)
def test_a_url_that_breaks_a_rule_is_refused_with_its_field(url):
    with pytest.raises(InvalidInput) as error:
        parse_destination(url, NONE, "options.url")
    assert [each.field for each in error.value.errors] == ["options.url"]


@given(st.text(max_size=80))
def test_no_text_raises_another_error(text):
    for url in (text, f"https://{text}", f"https://{text}.org/"):
        try:
            found = parse_destination(url, NONE)
        except InvalidInput:
            continue
        else:
            assert (found.scheme, found.port) == ("https", 443)
            assert found.host.isascii()


@pytest.mark.parametrize("form", ["http://{}.example.org", "https://u:{}@a.org", "https://{}", "https://a.org:1/{}#"])
def test_an_error_does_not_repeat_the_url(form):
    with pytest.raises(InvalidInput) as error:
        parse_destination(form.format(CANARY), NONE)
    assert CANARY not in str(error.value)


@pytest.mark.parametrize("url", ["https://vectors.internal:8443/v1", "https://10.0.0.7:8443", "https://[::1]:8080"])
def test_a_named_pair_is_allowed_on_every_stage(url):
    assert parse_destination(url, DEPLOYED).kinds == {"public", "private"}


@pytest.mark.parametrize("url", ["https://vectors.internal:8444", "https://10.0.0.8:8443", "https://10.0.0.7"])
def test_a_pair_that_differs_is_refused(url):
    with pytest.raises(InvalidInput):
        parse_destination(url, DEPLOYED)


def test_a_named_host_on_another_port_must_be_public():
    assert parse_destination("https://vectors.internal", DEPLOYED).kinds == {"public"}


def test_plain_http_is_allowed_on_the_local_stage_only():
    url = "http://127.0.0.1:8080/a"
    assert parse_destination(url, LOCAL).kinds == {"public", "private", "loopback"}
    with pytest.raises(InvalidInput):
        parse_destination(url, DEPLOYED)
    with pytest.raises(InvalidInput):
        parse_destination("http://127.0.0.1:8081/a", LOCAL)


def test_the_host_header_names_an_unusual_port():
    assert parse_destination("http://[::1]:8080/a", LOCAL).authority == "[::1]:8080"


@pytest.mark.parametrize("address", HOSTILE)
def test_one_hostile_address_of_many_refuses_a_host(address):
    destination = parse_destination("https://hooks.example.org", NONE)
    assert destination.permits(["8.8.8.8", "2606:4700::1111"])
    assert not destination.permits(["8.8.8.8", address])


def test_a_host_without_addresses_is_refused():
    assert not parse_destination("https://hooks.example.org", NONE).permits([])


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "0.0.0.0", "fe80::1", "64:ff9b::a00:1"])
def test_an_exception_of_the_operator_excludes_metadata_services(address):
    for allowed in (DEPLOYED, LOCAL):
        assert not parse_destination("https://vectors.internal:8443", allowed).permits(["10.0.0.9", address])


def test_an_exception_permits_loopback_on_the_local_stage_only():
    url = "https://vectors.internal:8443"
    assert [parse_destination(url, each).permits(["127.0.0.1"]) for each in (DEPLOYED, LOCAL)] == [False, True]
    assert parse_destination(url, DEPLOYED).permits(["10.0.0.9"])


def test_the_path_is_not_in_the_text_of_a_destination():
    assert CANARY not in repr(parse_destination(f"https://a.example.org/{CANARY}", NONE))


@pytest.mark.parametrize(
    ("address", "pair"),
    [
        ("https://API.example.org.", ("api.example.org", 443)),
        ("http://127.0.0.1:4566/local", ("127.0.0.1", 4566)),
        ("https://[::1]:8443", ("::1", 8443)),
    ],
)
def test_an_own_address_is_a_pair_that_it_permits(address, pair):
    assert host_and_port(address) == pair
    allowed = AllowedDestinations({host_and_port(address)}, is_local=True)
    assert parse_destination(f"{address}/health/readiness", allowed).port == pair[1]
