"""Which addresses are public, held against the registries, `ipaddress` and every way to hide one address in another."""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.fetch.addresses import is_public, read_address

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0"]
PUBLIC_6 = ["2606:4700::1111", "2a00:1450:4001::5e", "240e::1", "2001:4860:4860::8888", "64:ff9b::8.8.8.8"]
PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
]
PRIVATE_6 = [
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:53aa:64c:0:0:80ff:fffe",  # Teredo: 127.0.0.1, turned over
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:0808:0808::",
    "2606:4700::5efe:127.0.0.1",  # ISATAP
    "2606:4700::200:5efe:10.0.0.1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "ffff::1",
]
REGISTRY_4 = [  # the special-purpose registry: what is not globally reachable
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/29",
    "192.0.0.170/31",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
]
REGISTRY_6 = [
    "::/127",
    "::ffff:0:0/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/32",
    "2001:2::/48",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
]
v4 = st.ip_addresses(v=4)
private_v4 = st.one_of(
    *(st.ip_addresses(network=network) for network in (*REGISTRY_4, "224.0.0.0/4")),
    st.just(IPv4Address("168.63.129.16")),
)


@pytest.mark.parametrize("text", PUBLIC + PUBLIC_6)
def test_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", PRIVATE + PRIVATE_6)
def test_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("network", REGISTRY_4 + REGISTRY_6)
def test_a_special_network_is_private_from_its_first_address_to_its_last(network: str) -> None:
    found = ipaddress.ip_network(network)
    assert not is_public(found[0])
    assert not is_public(found[-1])


@given(st.ip_addresses())
def test_what_ipaddress_calls_special_is_never_public(address: IPv4Address | IPv6Address) -> None:
    special = (
        address.is_private,
        address.is_loopback,
        address.is_link_local,
        address.is_multicast,
        address.is_reserved and address not in IPv6Network("64:ff9b::/96"),
        address.is_unspecified,
        not address.is_global,
    )
    if any(special):
        assert not is_public(address)


@given(v4)
def test_other_addresses_of_version_4_are_public(address: IPv4Address) -> None:
    stricter = ["192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24"]
    stricter.append("168.63.129.16/32")
    if address.is_global and not address.is_multicast and not any(address in IPv4Network(one) for one in stricter):
        assert is_public(address)


@given(st.ip_addresses(v=6))
def test_of_version_6_only_global_unicast_and_translation_are_public(address: IPv6Address) -> None:
    if is_public(address):
        assert address in IPv6Network("2000::/3") or address in IPv6Network("64:ff9b::/96")
        assert address.ipv4_mapped is None
        assert address.sixtofour is None
        assert address.teredo is None


def carriers(inner: int) -> dict[str, int]:
    """An address of version 4 in every kind of one of version 6 that networks or systems take it out of."""
    return {
        "mapped": 0xFFFF << 32 | inner,
        "compatible": inner,
        "translated": 0xFFFF << 48 | inner,
        "NAT64": 0x0064_FF9B << 96 | inner,
        "local NAT64": 0x0064_FF9B_0001 << 80 | inner,
        "6to4": 0x2002 << 112 | inner << 80 | 1,
        "Teredo, client": 0x2001_0000 << 96 | 0x0808_0808 << 64 | (inner ^ 0xFFFF_FFFF),
        "Teredo, server": 0x2001_0000 << 96 | inner << 64 | 0x0808_0808,
        "ISATAP": 0x2606_4700 << 96 | 0x5EFE << 32 | inner,
        "ISATAP, global": 0x2606_4700 << 96 | 0x0200_5EFE << 32 | inner,
    }


@given(private_v4)
def test_no_private_address_hides_in_one_of_version_6(address: IPv4Address) -> None:
    assert not is_public(address)
    for way, number in carriers(int(address)).items():
        assert not is_public(IPv6Address(number)), way


@given(v4.filter(is_public))
def test_a_translated_public_address_is_public(address: IPv4Address) -> None:
    assert is_public(IPv6Address(carriers(int(address))["NAT64"]))


@given(st.ip_addresses())
def test_an_address_is_read_in_its_plain_form(address: IPv4Address | IPv6Address) -> None:
    assert read_address(str(address)) == address
    assert read_address(address.exploded) == address


@given(v4)
def test_an_address_is_read_in_no_other_form(address: IPv4Address) -> None:
    number, (a, b, c, d) = int(address), address.packed
    other = [str(number), hex(number), f"0{number:o}", f"{a}.{number & 0xFFFFFF}", f"{a}.{b}.{number & 0xFFFF}"]
    other += [f"{a:#x}.{b:#x}.{c:#x}.{d:#x}", f"0{a:03o}.{b}.{c}.{d}", f"{a}.{b}.{c}.0{d}", f"{address}."]
    assert [read_address(text) for text in other] == [None] * len(other)
