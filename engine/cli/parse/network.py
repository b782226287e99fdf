"""`--network` and what goes with it: addresses, aliases, name servers, rates.

none, host, container:NAME             no interface of its own
NAME                                   a network, its address chosen
NAME:ip=10.0.0.2,alias=db,mac=...      as podman has it
name=NAME,ip=10.0.0.2,alias=db         as Docker has it
"""

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from engine.errors import InvalidInput

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from engine.model import Bandwidth

ALONE: Final = ("none", "host")
"""Networks without interfaces, which a container cannot have besides others."""
CONTAINER: Final = "container:"
HOST_GATEWAY: Final = "host-gateway"
# Compiled where a flag is used: most commands have none, and are quicker by that.
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}"
_HOST_NAME: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?"
_MAC: Final = r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}"
_MULTICAST: Final = 1
_RATE: Final = r"([0-9]{1,12})([kmg]?)"
_POWER: Final = {"": 0, "k": 1, "m": 2, "g": 3}
_DOCKERS: Final = {"name": "name", "ip": "ip", "ip6": "ip6", "mac-address": "mac", "mac": "mac", "alias": "alias"}
_HINT: Final = "--network NAME, NAME:ip=10.0.0.2,alias=db, none, host, container:NAME"


class Wish(NamedTuple):
    """A network and how to be on it; the fields of `model.Joining`."""

    network: str
    address: str = ""
    address6: str = ""
    mac: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the name is all there is to say."""
        return not (self.address or self.address6 or self.mac or self.aliases)


def parse_network(text: str) -> Wish:
    """One `--network`. Raises `InvalidInput`."""
    if text in ALONE or (text.startswith(CONTAINER) and text != CONTAINER):
        return Wish(text)
    dockers = re.match(r"[a-z0-9-]+=", text)
    name, colon, options = ("", ":", text) if dockers else text.partition(":")
    words = _options(options, text) if colon else []
    names = [value for key, value in words if key == "name"] if dockers else [name]
    if not dockers and any(key == "name" for key, _ in words):
        names = []
    if len(names) != 1 or not re.fullmatch(_NAME, names[0], re.ASCII):
        raise InvalidInput(f"'{text}' is not a network", hint=_HINT)
    return _wish("bridge" if names[0] == "default" else names[0], words, text)


def parse_address(text: str) -> str:
    """An address of IPv4 that a host may have. Raises `InvalidInput`."""
    return _address(text, 4, "10.0.0.2")


def parse_address6(text: str) -> str:
    """Likewise of IPv6."""
    return _address(text, 6, "fd00::2")


def parse_any_address(text: str) -> str:
    """Of either, as name servers have them. Raises `InvalidInput`."""
    found = _ip(text)
    if found is None or found.is_unspecified or found.is_multicast:
        raise InvalidInput(f"'{text}' is not an address", hint="for example 192.168.1.1 or fd00::2")
    return str(found)


def parse_mac(text: str) -> str:
    """Of one interface: six pairs of hex digits. Raises `InvalidInput`."""
    mac = text.lower().replace("-", ":")
    if not re.fullmatch(_MAC, mac, re.ASCII) or int(mac[:2], 16) & _MULTICAST or mac == "00:00:00:00:00:00":
        raise InvalidInput(f"'{text}' is not the MAC address of an interface", hint="for example 02:42:ac:11:00:02")
    return mac


def parse_alias(text: str) -> str:
    """A name for /etc/hosts and the resolver. Raises `InvalidInput`."""
    if not re.fullmatch(_HOST_NAME, text, re.ASCII):
        raise InvalidInput(f"'{text}' is not a host name", hint="letters, digits, dots and hyphens")
    return text


def parse_search(text: str) -> str:
    """A domain to look names up in; a dot is none. Raises `InvalidInput`."""
    return text if text == "." else parse_alias(text.removesuffix("."))


def parse_dns_option(text: str) -> str:
    """A word of resolv.conf(5)'s options. Raises `InvalidInput`."""
    if not re.fullmatch(r"[a-z0-9_.:-]{1,64}", text, re.ASCII):
        raise InvalidInput(f"'{text}' is not an option of resolv.conf", hint="for example ndots:2, edns0")
    return text


def parse_host(text: str) -> str:
    """NAME:ADDRESS from `NAME:ADDRESS` or `NAME=ADDRESS`, that of IPv6 with or without brackets. Raises
    `InvalidInput`."""
    name, separator, address = re.match(r"([^:=]*)([:=]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]  # matches anything
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    found = HOST_GATEWAY if address == HOST_GATEWAY else _ip(address)
    if not separator or not re.fullmatch(_HOST_NAME, name, re.ASCII) or found is None:
        raise InvalidInput(f"'{text}' is not a host and its address", hint="NAME:ADDRESS, or NAME:host-gateway")
    return f"{name}:{found}"


def parse_bandwidth(text: str) -> "Bandwidth":
    """`in=10m,out=512k`: bits a second into the container and out of it, in powers of 1000. Raises `InvalidInput`."""
    from engine.model import Bandwidth

    rates: dict[str, int] = {}
    for word in text.split(","):
        way, _equals, rate = word.partition("=")
        found = re.fullmatch(_RATE, rate.lower(), re.ASCII)
        if way not in ("in", "out") or way in rates or found is None or not int(found[1]):
            raise InvalidInput(f"'{text}' is not a bandwidth", hint="bits a second: in=10m,out=512k")
        rates[way] = int(found[1]) * 1000 ** _POWER[found[2]]
    if max(rates.values()) > 10**15:
        raise InvalidInput(f"'{text}' is faster than any network", hint="bits a second: in=10m,out=512k")
    return Bandwidth(into=rates.get("in"), out_of=rates.get("out"))


def _options(options: str, text: str) -> list[tuple[str, str]]:
    """Pairs of our own words for keys, in order."""
    found: list[tuple[str, str]] = []
    for word in options.split(","):
        key, equals, value = word.partition("=")
        if not equals or not value or key not in _DOCKERS:
            raise InvalidInput(f"'{word}' in '{text}' is no option of a network", hint="ip, ip6, mac, alias")
        found.append((_DOCKERS[key], value))
    return found


def _wish(name: str, words: list[tuple[str, str]], text: str) -> Wish:
    given: dict[str, str] = {}
    for key, value in words:
        if key == "ip" and ":" in value:
            key = "ip6"  # podman's one word for both families
        if key in given:
            raise InvalidInput(f"'{text}' says {key} twice", hint="leave one out")
        if key != "alias":
            given[key] = value
    return Wish(
        name,
        parse_address(given["ip"]) if "ip" in given else "",
        parse_address6(given["ip6"]) if "ip6" in given else "",
        parse_mac(given["mac"]) if "mac" in given else "",
        tuple(dict.fromkeys(parse_alias(value) for key, value in words if key == "alias")),
    )


def _address(text: str, version: int, example: str) -> str:
    found = _ip(text)
    if found is None or found.version != version or found.is_unspecified or found.is_multicast or found.is_loopback:
        raise InvalidInput(f"'{text}' is not an address of IPv{version}", hint=f"for example {example}")
    return str(found)


def _ip(text: str) -> "IPv4Address | IPv6Address | None":
    from ipaddress import ip_address

    try:
        found = ip_address(text)
    except ValueError:
        return None
    return None if getattr(found, "scope_id", None) else found
