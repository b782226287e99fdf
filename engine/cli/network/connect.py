"""`qd network connect`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.parse import network as grammar
from engine.errors import InvalidInput


def configure(parser: Parser) -> None:
    """Docker's flags."""
    add = parser.add_argument
    add("--ip", type=grammar.parse_address, metavar="ADDRESS", help="its IPv4 address there")
    add("--ip6", type=grammar.parse_address6, metavar="ADDRESS", help="its IPv6 address there")
    add("--mac-address", type=grammar.parse_mac, metavar="MAC", help="made of its address otherwise")
    add(
        "--alias",
        action="append",
        default=[],
        type=grammar.parse_alias,
        metavar="NAME",
        help="one more name of it there",
    )
    add("--driver-opt", action="append", default=[], metavar="KEY=VALUE", help="refused: there is none")
    add("--link", action="append", default=[], metavar="CONTAINER", help="refused; see --alias")
    add("network", metavar="NETWORK")
    add("container", metavar="CONTAINER")


def run(context: Context, args: Namespace) -> int:
    """Connect."""
    if args.driver_opt:
        raise InvalidInput("a connection has no options", hint="leave out --driver-opt")
    if args.link:
        raise InvalidInput("containers are not linked", hint="on one network they know each other by name; see --alias")
    context.engine.connect_network(
        args.network,
        args.container,
        address=args.ip or "",
        address6=args.ip6 or "",
        mac=args.mac_address or "",
        aliases=tuple(dict.fromkeys(args.alias)),
    )
    return 0
