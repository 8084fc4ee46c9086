"""Kinds of IP addresses, the one spelling of a host, and the form of mail addresses.

The kinds come from Vigil's own table: the interpreter's `is_global` depends on its release and has gaps.
Source: IANA's special-purpose registries, https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from socket import inet_aton, inet_ntoa
from typing import Literal

AddressKind = Literal["public", "private", "loopback", "special"]
"""Kind of an address. `private` is a network of an organization.

`special` is every other address that is not public, and every text that is no address.
"""

_SPECIAL_V4 = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),
        ),
    )
)
_UNICAST_V6 = ip_network("2000::/3")
"""All global unicast addresses of today. Outside are loopback, mapped, NAT64, local and multicast addresses."""
_SPECIAL_V6 = tuple(
    map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")),
)
_PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")),
)
_SERVICES_OF_HOST = ip_network("fd00:ec2::/32")
"""Private range with the metadata service of an AWS host, which gives credentials away."""
_OWN_NAMES = frozenset({"localhost", "localhost6", "ip6-localhost", "ip6-loopback", "instance-data.ec2.internal"})
_OWN_SUFFIXES = (".localhost", ".localdomain", ".localdomain4", ".localdomain6")
"""Names of this machine in usual files of hosts, and the metadata service of EC2."""
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}"
MAIL_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM}){{0,31}}@[A-Za-z0-9-]{{1,63}}(?:\.[A-Za-z0-9-]{{1,63}}){{1,8}}")
"""Form of a mail address in ASCII: dot-atom and domain of RFC 5321, without a name, quotes and spaces."""


def canonical_host(text: str) -> str:
    """Return the one spelling of a host: lower case, without brackets and dots at its end.

    An IP address gets its usual form. `127.1`, `0x7f.0.0.1`, `0177.0.0.1` and `2130706433` are addresses, too, because
    the resolver of the system accepts them. An IPv4 address that is mapped into IPv6 becomes the IPv4 address.
    """
    host = text.lower().rstrip(".").removeprefix("[").removesuffix("]")
    try:
        address = ip_address(host)
    except ValueError:
        return _resolver_address(host) or host
    return str(getattr(address, "ipv4_mapped", None) or address)


def _resolver_address(host: str) -> str:
    """Return the IPv4 address of a spelling that the C library reads as one, or ""."""
    try:
        return inet_ntoa(inet_aton(host))
    except (OSError, ValueError):
        return ""


def is_own_host(text: str) -> bool:
    """Return True for a host that is this machine or serves it: its loopback or link-local network, for example.

    True for all other addresses that are neither public nor private, too, such as those of the metadata service.
    """
    host = canonical_host(text)
    if host in _OWN_NAMES or host.endswith(_OWN_SUFFIXES):
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return address_kind(host) in ("loopback", "special")


def address_kind(text: str) -> AddressKind:
    """Return the kind of an IP address in text form. A text that is no address, or has a zone, is `special`.

    An IPv4 address that is mapped into IPv6 has the kind of the IPv4 address.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return "special"
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if _is_public(address):
        return "public"
    if any(address in network for network in _LOOPBACK):
        return "loopback"
    is_private = any(address in network for network in _PRIVATE) and address not in _SERVICES_OF_HOST
    return "private" if is_private else "special"


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    is_unicast = address in _UNICAST_V6 and address.scope_id is None
    return is_unicast and not any(address in network for network in _SPECIAL_V6)
