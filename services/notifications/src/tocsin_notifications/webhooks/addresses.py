"""Which addresses belong to the public internet, whatever they are dressed up as."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

GLOBAL_UNICAST = IPv6Network("2000::/3")  # all of IPv6 that has been given to anybody
NAT64 = IPv6Network("64:ff9b::/96")  # IPv4 through a translator (RFC 6052)
NOBODYS = (
    IPv6Network("2001::/32"),  # Teredo: IPv4 through a tunnel whose relays nobody runs any more
    IPv6Network("3fff::/20"),  # for documentation (RFC 9637); Python 3.11 does not know it
)
RELAYS = IPv4Network("192.88.99.0/24")  # of 6to4, withdrawn (RFC 7526)


def read(text: str) -> Address:
    """Read an address as a socket is given it; a zone (`fe80::1%eth0`) does not matter here."""
    return _unmapped(ip_address(text.partition("%")[0]))


def is_public(address: Address) -> bool:
    """Say whether anybody on the internet may mean this address.

    An IPv4 address inside an IPv6 one is judged itself: a translator would take us there.
    """
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and address not in RELAYS
    if inner := _inside(address):
        return is_public(inner)
    if any(address in network for network in NOBODYS):
        return False
    return address in GLOBAL_UNICAST and address.is_global and not address.is_multicast


def is_allowed(address: Address, networks: Iterable[Network]) -> bool:
    """Say whether the operator allowed this address beyond the public ones."""
    return any(address.version == network.version and address in network for network in networks)


def _unmapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _inside(address: IPv6Address) -> IPv4Address | None:
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour
