"""Kinds of IP addresses, from Vigil's own table: the interpreter's `is_global` depends on its release and has gaps.

Source: IANA's special-purpose registries, https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
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
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


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
