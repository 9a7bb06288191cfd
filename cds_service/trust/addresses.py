"""Which network addresses may be reached for a client, held where a connection is made.

A name is resolved once, and the address that was looked at is the one that is
connected to: a name that means another address a moment later (DNS rebinding)
gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from cds_service.observability import logger

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
"""RFC 1918, between a carrier and its customers (RFC 6598), and unique local (RFC 4193)."""
_ASSIGNED = ipaddress.ip_network("192.0.0.0/24")
"""For protocols, not for servers; versions of Python do not agree on it."""
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254")
)
"""Where clouds hand credentials to any program on the machine; some lie among private or public ones."""


@dataclass(frozen=True, slots=True)
class AddressRule:
    """What may be reached beside public addresses."""

    private: bool = False
    """The hospital's own network."""
    loopback: bool = False

    def allows(self, text: str) -> bool:
        """Whether an address, as the resolver wrote it, may be connected to."""
        try:
            address = _unwrapped(ipaddress.ip_address(text))
        except ValueError:  # an IPv6 address with a zone is of this link alone
            return False
        if address in _METADATA or _is_never_a_server(address):
            return False
        if address.is_loopback:
            return self.loopback
        if any(address in network for network in _PRIVATE):
            return self.private
        return address.is_global


def _unwrapped(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that stands for it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _is_never_a_server(address: Address) -> bool:
    tunnelled = isinstance(address, ipaddress.IPv6Address) and (
        address.sixtofour is not None or address.teredo is not None
    )
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    reserved = address.is_reserved and not address.is_loopback  # ::1 lies in a reserved range
    special = address.is_link_local or address.is_multicast or address.is_unspecified or address in _ASSIGNED
    return tunnelled or site_local or reserved or special


class AddressRefused(OSError):
    """The name has no address that may be reached."""


def connect(
    host: str, port: int, rule: AddressRule, timeout: Any, options: Sequence[Any] | None
) -> socket.socket:
    """A connection to the first address of a name that may be reached and answers. Raises OSError."""
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    allowed = [item for item in found if rule.allows(str(item[4][0]))]
    if len(allowed) < len(found):
        logger.warning("address-refused", host=host)
    failure: OSError = AddressRefused("no address of this name may be reached")
    for family, kind, protocol, _, address in allowed:
        sock = socket.socket(family, kind, protocol)
        try:
            for option in options or ():
                sock.setsockopt(*option)
            sock.settimeout(timeout)
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


class Guarded(HTTPConnection):
    """A connection that keeps to a rule, where there is one."""

    address_rule: AddressRule | None = None

    def rule(self) -> AddressRule | None:
        return self.address_rule

    def _new_conn(self) -> socket.socket:
        rule = self.rule()
        if rule is None:
            return super()._new_conn()
        try:
            sock = connect(self.host, self.port, rule, self.timeout, self.socket_options)
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "the connection timed out") from error
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(self, "no connection could be made") from error
        sys.audit("http.client.connect", self, self.host, self.port)
        return sock


class GuardedTls(Guarded, HTTPSConnection):
    """The same over TLS: the certificate is held against the name, whatever the address."""
