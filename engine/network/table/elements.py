"""What a bridge, a plug and a published port are in the sets of `rules.py`. Pure.

Names and addresses are checked once more here, since they become text that nft parses.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, NamedTuple

from engine.errors import InvalidInput
from engine.network.table.rules import PROTOCOLS, RELAYED
from engine.network.values import Bridge, Forward, Plug

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}", re.ASCII)
MAC: Final = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_TABLE: Final = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)

Item = Bridge | Plug | Forward


class Place(NamedTuple):
    """Where something is said: a set and a key of it."""

    family: str
    holder: str
    key: str


Elements = dict[Place, str]
"""Values of a map; the members of a set have none."""


def commands(verb: str, table: str, said: Elements) -> str:
    """One line for each set; `verb` is add or delete."""
    lines: dict[tuple[str, str], list[str]] = {}
    for place, value in said.items():
        lines.setdefault((place.family, place.holder), []).append(f"{place.key} : {value}" if value else place.key)
    return "".join(
        f"{verb} element {family} {table} {holder} {{ {', '.join(keys)} }}\n"
        for (family, holder), keys in lines.items()
    )


def plain(name: str) -> str:
    """The table's name, which may stand in a command. Raises: InvalidInput."""
    if _TABLE.fullmatch(name) is None:
        raise InvalidInput(f"{name!r} is no name for a table", hint="letters, digits and hyphens")
    return name


def elements(item: Item) -> Elements:
    """All that is said of it. Raises: InvalidInput for what must not stand in a command."""
    if isinstance(item, Bridge):
        return dict.fromkeys(_of_bridge(item), "")
    if isinstance(item, Plug):
        return dict.fromkeys(_of_plug(item), "") if item.bridge else {}
    return _of_forward(item)


def _of_bridge(bridge: Bridge) -> Iterator[Place]:
    name = _quoted(bridge.name)
    yield Place("inet", "bridges", name)
    yield Place("inet", "same", f"{name} . {name}")
    if bridge.internal:
        yield Place("inet", "internal", name)
    if not bridge.isolate:
        yield Place("inet", "open", name)


def _of_plug(plug: Plug) -> Iterator[Place]:
    """Its own addresses, and of IPv6 the one of the link, too; without IPv6 not even that."""
    port, bridge, mac = _quoted(plug.link), _quoted(plug.bridge), _mac(plug.mac)
    yield Place("bridge", "ports", port)
    yield Place("bridge", "turned", f"{port} . {port}")
    yield Place("bridge", "macs", f"{port} . {mac}")
    found = [interface.ip for interface in plug.addresses]
    for address in found:
        yield Place("inet", f"inside{address.version}", f"{address} . {bridge}")
        yield Place("bridge", f"own{address.version}", f"{port} . {mac} . {address}")
    sixes = [address for address in found if isinstance(address, IPv6Address)]
    for six in (*sixes, link_local(mac)) if sixes else ():
        yield Place("bridge", "own6", f"{port} . {mac} . {six}")
        yield Place("bridge", "targets", f"{port} . {int(six):#034x}")


def _of_forward(forward: Forward) -> Elements:
    if forward.protocol not in PROTOCOLS:
        raise InvalidInput(f"{forward.protocol!r} is no protocol that can be published", hint=" or ".join(PROTOCOLS))
    host, target = _address(forward.host), _address(forward.target)
    if host.version != target.version:
        raise InvalidInput(
            f"{host} cannot lead to {target}: one is IPv4, the other IPv6", hint="publish one of the same"
        )
    if str(host) == RELAYED:
        return {}
    port = f"{forward.protocol} . {_port(forward.port)}"
    value = f"{target} . {_port(forward.target_port)}"
    if host.is_unspecified:
        return {Place("inet", f"any{host.version}", port): value}
    return {Place("inet", f"one{host.version}", f"{host} . {port}"): value}


def link_local(mac: str) -> IPv6Address:
    """The address of the link that the kernel makes of a MAC.

    Source: RFC 4291, appendix A, "Modified EUI-64".
    """
    octets = bytes.fromhex(mac.replace(":", ""))
    low = bytes((octets[0] ^ 2,)) + octets[1:3] + b"\xff\xfe" + octets[3:]
    return IPv6Address(b"\xfe\x80" + bytes(6) + low)


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        address = ip_address(text)
    except ValueError as err:
        raise InvalidInput(f"{text!r} is no address", hint="such as 0.0.0.0, ::, 192.0.2.1") from err
    if getattr(address, "scope_id", None) is not None:
        raise InvalidInput(f"{text!r} is of one link only", hint="leave out what follows the percent sign")
    return address


def _port(number: int) -> int:
    if not 0 < number < 1 << 16:
        raise InvalidInput(f"{number} is no port", hint="1 to 65535")
    return number


def _quoted(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise InvalidInput(f"{name!r} is no name for a link", hint="at most 15 letters, digits, dots and hyphens")
    return f'"{name}"'


def _mac(text: str) -> str:
    if MAC.fullmatch(text.lower()) is None:
        raise InvalidInput(f"{text!r} is no hardware address", hint="such as 02:42:ac:11:00:02")
    return text.lower()
