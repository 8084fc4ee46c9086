"""Rules for the URLs to which requests may go, and for the addresses of their hosts."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NoReturn

from vigil.errors import FieldError, InvalidInput
from vigil.kernel.addresses import AddressKind, address_kind, canonical_host

MAX_URL_CHARACTERS = 2048
"""Maximum length of a URL."""
_HTTPS_PORT = 443
_SCHEME_PORTS = {"https": _HTTPS_PORT, "http": 80}
_MAX_HOST_CHARACTERS = 253
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_FORBIDDEN = re.compile(r'["<>\\^`{|}]')
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::([0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that makes a host an IPv4 address in some form: `127.1`, `2130706433` or `0x7f000001`."""


@dataclass(frozen=True, slots=True)
class AllowedDestinations:
    """Destinations that the operator allows at deployment besides public ones on port 443.

    `pairs` are exact hosts, each as `canonical_host` spells it, with their ports. The host of a pair may be an IP
    address, and its addresses may be private. A pair has any port. With `is_local`, on the stage `local`, it may also
    have the scheme http and loopback addresses.
    """

    pairs: Collection[tuple[str, int]] = ()
    is_local: bool = False

    def has(self, host: str, port: int) -> bool:
        """Return True if the operator named this host, in any spelling, and this port."""
        return (canonical_host(host), port) in self.pairs


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL whose text was checked. `target` is its path and query.

    `kinds` are the allowed kinds of the addresses of its host.
    """

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)
    kinds: frozenset[AddressKind] = frozenset({"public"})

    @property
    def authority(self) -> str:
        """The value of the Host header: host, and the port if it is not the usual one of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _SCHEME_PORTS[self.scheme] else f"{host}:{self.port}"

    def permits(self, addresses: Collection[str]) -> bool:
        """Return True if all addresses of the host have an allowed kind. False for no addresses."""
        return bool(addresses) and all(address_kind(address) in self.kinds for address in addresses)


def parse_destination(url: str, allowed: AllowedDestinations, name: str = "url") -> Destination:
    """Return the parts of a URL, without a connection or look-up.

    Raises InvalidInput with the field `name` for a URL that breaks a rule. The URL itself is not in the error. A URL
    must be https on port 443 to a named host with a domain, or a pair of `allowed`.
    """
    scheme, authority, target = _split(url, name)
    host, port = _host_and_port(scheme, authority, name)
    if allowed.has(host, port):
        if scheme != "https" and not allowed.is_local:
            _refuse(name, "must begin with https://")
        more: set[AddressKind] = {"private", "loopback"} if allowed.is_local else {"private"}
        return Destination(scheme, host, port, target, frozenset({"public", *more}))
    _check_public(scheme, host, port, name)
    return Destination(scheme, host, port, target)


def host_and_port(address: str) -> tuple[str, int]:
    """Return host and port of an address with a scheme, such as `https://api.example.org`.

    The host is spelled as `canonical_host` spells it. Raises InvalidInput with the field `address`.
    """
    scheme, authority, _ = _split(address, "address")
    host, port = _host_and_port(scheme, authority, "address")
    return canonical_host(host), port


def _host_and_port(scheme: str, authority: str, name: str) -> tuple[str, int]:
    if (found := _AUTHORITY.fullmatch(authority.lower())) is None:
        _refuse(name, "must have a host in ASCII, with xn-- for an international name", "https://<host>/<path>")
    return found[1].strip("[]"), int(found[2] or _SCHEME_PORTS[scheme])


def _split(url: str, name: str) -> tuple[str, str, str]:
    """Return scheme, authority and target of a URL."""
    if len(url) > MAX_URL_CHARACTERS:
        _refuse(name, "is too long", f"at most {MAX_URL_CHARACTERS} characters")
    if not _VISIBLE.fullmatch(url) or _FORBIDDEN.search(url):
        _refuse(name, "must have visible ASCII characters only; encode all others with a percent sign")
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in _SCHEME_PORTS:
        _refuse(name, "must begin with https://")
    if "#" in rest:
        _refuse(name, "must have no fragment; remove the part from the number sign on")
    end = min((rest.index(mark) for mark in "/?" if mark in rest), default=len(rest))
    authority, target = rest[:end], rest[end:]
    if "@" in authority:
        _refuse(name, "must have no user name or password; remove the part before the at sign")
    return scheme.lower(), authority, target if target.startswith("/") else f"/{target}"


def _check_public(scheme: str, host: str, port: int, name: str) -> None:
    if scheme != "https":
        _refuse(name, "must begin with https://")
    if port != _HTTPS_PORT:
        _refuse(name, "must have the port 443; leave the port out")
    labels = host.split(".")
    if ":" in host or _NUMERIC_LABEL.fullmatch(labels[-1]):
        _refuse(name, "must have the name of a host, not an IP address")
    if len(host) > _MAX_HOST_CHARACTERS or len(labels) == 1 or not all(map(_LABEL.fullmatch, labels)):
        _refuse(name, "must have a public host with a domain, for example hooks.example.org")


def _refuse(name: str, message: str, bound: str | None = None) -> NoReturn:
    raise InvalidInput(FieldError(name, message, bound))
