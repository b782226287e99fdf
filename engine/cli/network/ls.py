"""`qd network ls`."""

import sys
from argparse import Namespace
from typing import Final

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.network.views import driver_name, is_built_in
from engine.cli.parse.filters import parse_filters
from engine.cli.render.human import local_time
from engine.cli.render.listing import Column, Row, add_format, write_listing
from engine.cli.render.table import short_id
from engine.errors import InvalidInput
from engine.model import Network

FILTERS: Final = ("dangling", "driver", "id", "label", "name", "scope", "type")
COLUMNS: Final = (
    Column("ID", "NETWORK ID"),
    Column("Name", "NAME"),
    Column("Driver", "DRIVER"),
    Column("Scope", "SCOPE"),
)
_TYPES: Final = {"builtin": True, "custom": False}
_TRUE: Final = {"true": True, "1": True, "false": False, "0": False}


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-q", "--quiet", help="ids alone")
    parser.flag("--no-trunc", help="whole ids")
    parser.add_argument(
        "-f", "--filter", action="append", default=[], metavar="KEY=VALUE", help=f"keys: {', '.join(FILTERS)}"
    )
    add_format(parser)


def run(context: Context, args: Namespace) -> int:
    """List."""
    filters = parse_filters(args.filter, FILTERS)
    _check("type", filters, _TYPES)
    _check("dangling", filters, _TRUE)
    networks = [network for network in context.engine.networks() if matches(network, filters)]
    if args.quiet and args.format is None:
        sys.stdout.write("".join(f"{network.id if args.no_trunc else short_id(network.id)}\n" for network in networks))
        return 0
    write_listing(COLUMNS, [row_of(network, full=args.no_trunc) for network in networks], args.format)
    return 0


def _check(key: str, filters: dict[str, list[str]], known: dict[str, bool]) -> None:
    for value in filters.get(key, []):
        if value not in known:
            raise InvalidInput(f"'{key}={value}' is not a filter", hint=f"one of {', '.join(known)}")


def row_of(network: Network, *, full: bool = False) -> Row:
    """Docker's field names."""
    return {
        "ID": network.id if full else short_id(network.id),
        "Name": network.name,
        "Driver": driver_name(network),
        "Scope": "local",
        "IPv4": _truth(bool(network.subnet)),
        "IPv6": _truth(bool(network.subnet6)),
        "Internal": _truth(network.internal),
        "Labels": ",".join(f"{key}={value}" for key, value in sorted(network.labels.items())),
        "CreatedAt": local_time(network.created_ns) if network.created_ns else "",
        "Subnets": ",".join(filter(None, (network.subnet, network.subnet6))),
    }


def matches(network: Network, filters: dict[str, list[str]]) -> bool:
    """Values of one key are alternatives, but for labels, which must all be there; parts of names and ids count."""
    facts = {
        "name": lambda value: value in network.name,
        "id": network.id.startswith,
        "driver": lambda value: value in (network.driver, driver_name(network)),
        "scope": lambda value: value == "local",
        "type": lambda value: is_built_in(network) is _TYPES[value],
        "dangling": lambda value: (not network.containers and not is_built_in(network)) is _TRUE[value],
    }
    labels = all(_has_label(network, text) for text in filters.get("label", []))
    return labels and all(any(map(fact, filters[key])) for key, fact in facts.items() if key in filters)


def _has_label(network: Network, text: str) -> bool:
    key, equals, value = text.partition("=")
    return key in network.labels and (not equals or network.labels[key] == value)


def _truth(value: bool) -> str:
    return "true" if value else "false"
