"""Which addresses belong to the public internet. Pure.

The tables stand here, and not in `ipaddress.is_global`: its answer differs between versions of Python, and it calls
multicast, 6to4 and addresses that carry a private one of version 4 global. They follow the special-purpose registries
of IANA and are stricter where no web server may be.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host, this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared behind carriers' translation; metadata of one cloud
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's own service inside every machine of it, at what looks like a public address
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # automatic multicast tunnels
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_UNICAST_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, Teredo (a private address of version 4 may be inside)
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: likewise
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
# Networks that translate hold the address of version 4 in the last 32 bits.
_TRANSLATED = IPv6Network("64:ff9b::/96")
# Bits 64 to 95 of an ISATAP address, without the bit that says "global"; the last 32 bits are one of version 4.
_ISATAP = 0x0000_5EFE
_ISATAP_GLOBAL_BIT = 0x0200_0000


def is_public(address: Address) -> bool:
    """Whether an address is one that anybody on the internet may serve the web from."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address.scope_id is not None:
        return False
    last = IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _TRANSLATED:
        return is_public(last)
    if address not in _UNICAST_6 or any(address in network for network in _NOT_PUBLIC_6):
        return False
    is_isatap = (int(address) >> 32) & 0xFFFF_FFFF & ~_ISATAP_GLOBAL_BIT == _ISATAP
    return not is_isatap or is_public(last)


def read_address(text: str) -> Address | None:
    """An address in its plain form, or `None`: `127.1`, `0x7f.0.0.1` and `2130706433` are none here."""
    try:
        return ip_address(text)
    except ValueError:
        return None
