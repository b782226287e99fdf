"""Which process of the host has a port."""

import os
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import islice
from typing import Final, NamedTuple

from engine.network.ports import bound_only

_LISTEN: Final = "0A"
_TIME_WAIT: Final = "06"
_BOUND: Final = "0D"
_LINES_MAX: Final = 1 << 20
_DESCRIPTORS_MAX: Final = 1 << 20
_NAME_MAX: Final = 64
ENDED: Final = "connections that have just ended"


class Socket(NamedTuple):
    """A line of /proc/net/tcp and its like that concerns a port."""

    address: IPv4Address | IPv6Address
    state: str
    """Two hex digits. Source: include/net/tcp_states.h."""
    inode: int
    """0 where no process has it any more."""


def who(protocol: str, address: str, port: int) -> str:
    """`nginx (pid 812)`, what a person can make of it otherwise, or nothing where it cannot be known."""
    wanted = ip_address(address)
    found = [one for one in _sockets(protocol, wanted, port) if _is_in_the_way(one.address, wanted)]
    found.sort(key=lambda one: one.state != _LISTEN)
    for one in found:
        if one.inode and (process := _owner(one.inode)):
            return process
    return ENDED if any(one.state == _TIME_WAIT for one in found) else ""


def parse(lines: Iterable[str], port: int) -> Iterator[Socket]:
    """The sockets of a port. Source: Documentation/networking/proc_net_tcp.rst.

    A line that is not as expected is skipped.
    """
    end = f":{port:04X}"
    for line in lines:
        words = line.split(None, 10)
        if len(words) < 10 or not words[1].endswith(end) or not words[9].isdigit():
            continue
        with suppress(ValueError):
            yield Socket(parse_address(words[1].partition(":")[0]), words[3], int(words[9]))


def parse_address(digits: str) -> IPv4Address | IPv6Address:
    """Words of 32 bits, each in the machine's own order, as hex digits. Raises: ValueError."""
    words = [digits[place : place + 8] for place in range(0, len(digits), 8)]
    return ip_address(b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words))


def _sockets(protocol: str, wanted: IPv4Address | IPv6Address, port: int) -> Iterator[Socket]:
    """Those of IPv6, too, for an address of IPv4: they may be for both."""
    for name in [f"{protocol}6"] if wanted.version == 6 else [protocol, f"{protocol}6"]:
        with suppress(OSError), open(f"/proc/thread-self/net/{name}") as file:
            yield from parse(islice(file, _LINES_MAX), port)
    families = [socket.AF_INET6] if wanted.version == 6 else [socket.AF_INET, socket.AF_INET6]
    for family in families if protocol == "tcp" else []:
        yield from (Socket(address, _BOUND, inode) for address, inode in bound_only.find(family, port))


def _is_in_the_way(held: IPv4Address | IPv6Address, wanted: IPv4Address | IPv6Address) -> bool:
    """Whether both cannot be bound; one of IPv6 for every address may take those of IPv4, too."""
    held = getattr(held, "ipv4_mapped", None) or held
    if held.version != wanted.version:
        return held.is_unspecified
    return held.is_unspecified or wanted.is_unspecified or held == wanted


def _owner(inode: int) -> str:
    """The first process that has this socket open."""
    link = f"socket:[{inode}]"
    left = _DESCRIPTORS_MAX
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            for fd in os.listdir(f"/proc/{pid}/fd"):
                left -= 1
                if _is(f"/proc/{pid}/fd/{fd}", link):
                    return f"{_name(pid)} (pid {pid})"
        if left <= 0:
            break
    return ""


def _is(path: str, link: str) -> bool:
    try:
        return os.readlink(path) == link
    except OSError:
        return False


def _name(pid: str) -> str:
    """As it calls itself, and nothing of it that a terminal would act on."""
    with suppress(OSError), open(f"/proc/{pid}/comm", "rb") as file:
        text = file.read(_NAME_MAX).decode(errors="replace").strip()
        return "".join(character if character.isprintable() else "?" for character in text) or "a process"
    return "a process"
