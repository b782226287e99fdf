"""The container's end: what is set in its network namespace."""

import os
from collections.abc import Sequence
from typing import Final

from engine.network.link import addressmessages, linkmessages, lookups, shaping
from engine.network.link.encoding import Request
from engine.network.link.transport import Transport
from engine.network.values import Plug

_LOOPBACK_INDEX: Final = 1
"""net/core/dev.c: the loopback device is the first of every namespace."""
_SETTINGS: Final = "/proc/sys/net"
_NO_ROUTER: Final = (
    "ipv4/ip_forward",
    "ipv4/conf/all/accept_redirects",
    "ipv4/conf/default/accept_redirects",
)
"""A new namespace forwards where the host does, so that a container on two networks would connect them.

In this order: to set the first sets the other two to their defaults. Source: Documentation/networking/ip-sysctl.rst.
"""
_NO_ROUTER_IPV6: Final = (
    "ipv6/conf/all/forwarding",
    *(f"ipv6/conf/{scope}/{name}" for scope in ("all", "default") for name in ("accept_ra", "accept_redirects")),
)
"""Whoever is on the same network must not become a container's router by saying so."""


def has_ipv6() -> bool:
    """Whether the kernel has IPv6 at all."""
    return os.path.isdir(f"{_SETTINGS}/ipv6/conf")


def distrust() -> None:
    """Settings of a new namespace that is to have interfaces; the thread is in there. Raises: OSError."""
    for name in (*_NO_ROUTER, *(_NO_ROUTER_IPV6 if has_ipv6() else ())):
        _write(name, "0")


def prepare(plugs: Sequence[Plug]) -> None:
    """A setting that interfaces to come take over; the thread is in the namespace. Raises: OSError.

    An interface without an IPv6 address has IPv6 disabled, else containers would reach each other, and the host, by
    link-local addresses that no rule and no list knows of.
    """
    if plugs and has_ipv6():
        _write("ipv6/conf/default/disable_ipv6", "0" if any(map(_is_ipv6, plugs)) else "1")


def adjust(plugs: Sequence[Plug]) -> None:
    """Settings of interfaces that are there and not up; the thread is in the namespace. Raises: OSError."""
    if not has_ipv6() or not any(map(_is_ipv6, plugs)):
        return
    for plug in plugs:
        if not _is_ipv6(plug):
            _write(f"ipv6/conf/{plug.interface}/disable_ipv6", "1")


def _is_ipv6(plug: Plug) -> bool:
    return any(address.version == 6 for address in plug.addresses)


def _write(name: str, value: str) -> None:
    fd = os.open(f"{_SETTINGS}/{name}", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def loopback() -> Request:
    """`lo` up; 127.0.0.1 and ::1 follow by themselves."""
    return linkmessages.up(_LOOPBACK_INDEX)


def requests(inner: Transport, plug: Plug, shaped: bool) -> list[Request]:
    """Everything for one interface: up, addresses, routes; `shaped`: also the limit of what goes out."""
    index = lookups.index_of(inner, plug.interface)
    found = [linkmessages.no_own_address(index)] if _is_ipv6(plug) else []
    found.append(linkmessages.up(index))
    found += [addressmessages.add(address, index) for address in plug.addresses]
    if _is_ipv6(plug) and plug.mac:
        found.append(addressmessages.add(addressmessages.link_local(plug.mac), index))
    found += [addressmessages.default_route(gateway, index) for gateway in plug.gateways]
    if shaped and plug.bits_out_of:
        found.append(shaping.bucket(index, plug.bits_out_of, plug.mtu))
    return found
