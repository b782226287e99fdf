"""The flags of a container's networks, published ports and names."""

from argparse import Namespace
from typing import TYPE_CHECKING, Any, Final

from engine.cli.arguments import Parser
from engine.cli.parse import network as grammar
from engine.cli.parse.port import PORTS_MAX, parse_expose, parse_publish
from engine.errors import InvalidInput

if TYPE_CHECKING:
    from engine.model import Joining, Port

DEFAULT_NETWORK: Final = "bridge"
"""What a container is on where nothing is said."""
_ENGINES: Final = "bridge"
"""What the engine takes where the field is left out."""
_JOINING: Final = {"ip": "--ip", "ip6": "--ip6", "mac_address": "--mac-address", "network_alias": "--network-alias"}
"""Attributes of the arguments that concern the first network."""
_INTERFACE: Final = {
    "publish": "-p",
    "publish_all": "-P",
    **_JOINING,
    "network_bandwidth": "--network-bandwidth",
}
"""Those that need an interface."""
_FILES: Final = {
    "expose": "--expose",
    "dns": "--dns",
    "dns_search": "--dns-search",
    "dns_option": "--dns-option",
    "add_host": "--add-host",
}
"""Those that need a place in /etc, or a record, which with another's network are the other's."""


def add_network_flags(parser: Parser) -> None:
    """Docker's."""
    add = parser.add_argument
    several: dict[str, Any] = {"action": "append", "default": []}
    add(
        *("--network", "--net"),
        **several,
        type=grammar.parse_network,
        metavar="NETWORK",
        help=f"a network, also NAME:ip=ADDRESS,alias=NAME; none, host, container:NAME ({DEFAULT_NETWORK})",
    )
    _add_port_flags(parser, several)
    add("--ip", type=grammar.parse_address, metavar="ADDRESS", help="its IPv4 address on the first network")
    add("--ip6", type=grammar.parse_address6, metavar="ADDRESS", help="its IPv6 address there")
    add("--mac-address", type=grammar.parse_mac, metavar="MAC", help="its MAC address there")
    add(
        *("--network-alias", "--net-alias"),
        **several,
        type=grammar.parse_alias,
        metavar="NAME",
        help="one more name there",
    )
    add(
        "--network-bandwidth",
        type=grammar.parse_bandwidth,
        metavar="in=RATE,out=RATE",
        help="bits a second of each interface, such as in=10m,out=512k",
    )
    _add_name_flags(parser, several)


def _add_port_flags(parser: Parser, several: dict[str, Any]) -> None:
    add = parser.add_argument
    add(
        *("-p", "--publish"),
        **several,
        type=parse_publish,
        metavar="PORT",
        help="[[ADDRESS:]HOST_PORT:]PORT[/udp|/sctp], also ranges: a port of the host for one of the container",
    )
    parser.flag("-P", "--publish-all", help="a free port of the host for each exposed one")
    add("--expose", **several, type=parse_expose, metavar="PORT[/PROTOCOL]", help="a port for -P, also a range")


def _add_name_flags(parser: Parser, several: dict[str, Any]) -> None:
    add = parser.add_argument
    add("--dns", **several, type=grammar.parse_any_address, metavar="ADDRESS", help="a name server; the host's if none")
    add("--dns-search", **several, type=grammar.parse_search, metavar="DOMAIN", help="a domain to look names up in")
    add(
        *("--dns-option", "--dns-opt"),
        **several,
        type=grammar.parse_dns_option,
        metavar="OPTION",
        help="an option of resolv.conf",
    )
    add("--add-host", **several, type=grammar.parse_host, metavar="NAME:ADDRESS", help="a line for /etc/hosts")


def networks_of(args: Namespace) -> dict[str, Any]:
    """The fields of `model.CreateOptions` that these flags ask for; None for what is not said. Raises
    `InvalidInput`."""
    wishes = _wishes(args)
    network = wishes[0].network
    _check(network, args)
    ports = _ports(args)
    return {
        "network": None if network == _ENGINES else network,
        "joins": _joins(wishes),
        "ports": ports or None,
        "publish_all": args.publish_all or None,
        "expose": tuple(dict.fromkeys(port for ports in args.expose for port in ports)) or None,
        "dns": _once(args.dns),
        "dns_search": _once(args.dns_search),
        "dns_options": _once(args.dns_option),
        "hosts": _once(args.add_host),
        "bandwidth": args.network_bandwidth,
    }


def _wishes(args: Namespace) -> list[grammar.Wish]:
    """Every network; what has a flag of its own belongs to the first. Raises `InvalidInput`."""
    first, *others = args.network or [grammar.Wish(DEFAULT_NETWORK)]
    wishes = [_with_flags(first, args), *others]
    names = [wish.network for wish in wishes]
    alone = [name for name in names if name in grammar.ALONE or name.startswith(grammar.CONTAINER)]
    if alone and others:
        raise InvalidInput(f"--network {alone[0]} cannot be one of several", hint="leave the others out")
    if len(set(names)) < len(names):
        raise InvalidInput("one network is named twice", hint="say it once: --network NAME:ip=10.0.0.2,alias=db")
    for wish in wishes:
        if wish.network == _ENGINES and wish.aliases:
            raise InvalidInput("the default network knows no names", hint="qd network create NAME, and --network NAME")
    return wishes


def _with_flags(wish: grammar.Wish, args: Namespace) -> grammar.Wish:
    given: dict[str, Any] = {
        "address": args.ip or "",
        "address6": args.ip6 or "",
        "mac": args.mac_address or "",
        "aliases": tuple(dict.fromkeys(args.network_alias)),
    }
    for (field, value), flag in zip(given.items(), _JOINING.values(), strict=True):
        if value and getattr(wish, field):
            raise InvalidInput(f"{flag} says again what --network {wish.network} says", hint="use one of them")
    return wish._replace(**{field: value for field, value in given.items() if value})


def _check(network: str, args: Namespace) -> None:
    """Raises `InvalidInput` for what this network cannot have."""
    shared = network.startswith(grammar.CONTAINER)
    if not shared and network not in grammar.ALONE:
        return
    refused = {**_INTERFACE, **_FILES} if shared else _INTERFACE
    for attribute, flag in refused.items():
        if getattr(args, attribute):
            raise InvalidInput(f"{flag} and --network {network} contradict each other", hint=_why(network, shared))


def _why(network: str, shared: bool) -> str:
    if shared:
        return "give it to the other container, whose network this is"
    if network == "host":
        return "a program on the host's network has the host's addresses and ports without any of that"
    return "name a network: --network NAME; qd network ls shows those that there are"


def _ports(args: Namespace) -> "tuple[Port, ...]":
    ports = tuple(dict.fromkeys(port for ports in args.publish for port in ports))
    if len(ports) > PORTS_MAX:
        raise InvalidInput(
            f"{len(ports)} ports are to be published, and {PORTS_MAX} can be",
            hint="--network host needs none to be published",
        )
    return ports


def _joins(wishes: list[grammar.Wish]) -> "tuple[Joining, ...] | None":
    if len(wishes) == 1 and wishes[0].is_plain:
        return None
    from engine.model import Joining

    return tuple(Joining(**wish._asdict()) for wish in wishes)


def _once(words: list[str]) -> tuple[str, ...] | None:
    return tuple(dict.fromkeys(words)) or None
