"""`qd network create`."""

import sys
from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.network.options import driver_options
from engine.cli.parse.environment import parse_labels
from engine.errors import InvalidInput


def configure(parser: Parser) -> None:
    """Docker's flags, and podman's for isolation, MTU and routes."""
    add = parser.add_argument
    add("-d", "--driver", default="bridge", metavar="DRIVER", help="bridge, macvlan or ipvlan")
    add("--subnet", action="append", default=[], metavar="CIDR", help="one of IPv4 and one of IPv6 at most")
    add("--ip-range", action="append", default=[], metavar="CIDR", help="the part of it to choose addresses from")
    add("--gateway", action="append", default=[], metavar="ADDRESS", help="the first of the subnet otherwise")
    parser.flag("--ipv4", default=True, help="choose an IPv4 subnet where none is named; --ipv4=false does not")
    parser.flag("--ipv6", help="choose an IPv6 subnet where none is named")
    parser.flag("--internal", help="no way to the outside, and none in")
    parser.flag("--isolate", default=True, help="keep it apart from other networks; --isolate=false does not")
    add("--mtu", type=int, default=0, metavar="BYTES", help="that of the way out otherwise")
    add("-o", "--opt", action="append", default=[], metavar="KEY=VALUE", help="parent=, mode= or mtu=")
    add("--label", action="append", default=[], metavar="KEY[=VALUE]", help="a label")
    parser.flag("--attachable", help="as every network here")
    add("--ipam-driver", default="default", metavar="DRIVER", help="default, the only one")
    add("--scope", default="local", metavar="SCOPE", help="local, the only one")
    add("name", metavar="NETWORK")


def run(context: Context, args: Namespace) -> int:
    """Make it, and print its id."""
    if args.ipam_driver != "default":
        raise InvalidInput(f"there is no driver {args.ipam_driver} for addresses", hint="leave out --ipam-driver")
    if args.scope != "local":
        raise InvalidInput("a network is of this host alone", hint="leave out --scope")
    options = driver_options(args.opt, args.driver)
    mtu = args.mtu or options.mtu
    if mtu < 0:
        raise InvalidInput(f"{mtu} bytes cannot be an MTU", hint="such as 1400")
    network = context.engine.create_network(
        args.name,
        driver=args.driver,
        subnets=_split(args.subnet),
        gateways=_split(args.gateway),
        ip_ranges=_split(args.ip_range),
        ipv4=args.ipv4,
        ipv6=args.ipv6 or options.ipv6,
        internal=args.internal or options.internal,
        isolate=args.isolate and options.isolate,
        mtu=mtu,
        parent=options.parent,
        mode=options.mode,
        labels=parse_labels(args.label),
    )
    sys.stdout.write(f"{network}\n")
    return 0


def _split(texts: list[str]) -> tuple[str, ...]:
    """Each flag may have several, with commas between them, as Docker's."""
    return tuple(part.strip() for text in texts for part in text.split(",") if part.strip())
