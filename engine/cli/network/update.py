"""`qd network update`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context


def configure(parser: Parser) -> None:
    """One flag: other networks are made with what they need."""
    parser.flag("--ipv6", help="addresses of IPv6, too, for containers that are made from now on")
    parser.add_argument("network", metavar="NETWORK")


def run(context: Context, args: Namespace) -> int:
    """Change it."""
    context.engine.update_network(args.network, ipv6=args.ipv6)
    return 0
