"""`qd network rm`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-f", "--force", help="one that is missing is no error; take containers off it that do not run")
    parser.add_argument("networks", nargs="+", metavar="NETWORK")


def run(context: Context, args: Namespace) -> int:
    """Remove each."""
    return context.each(args.networks, lambda name: context.engine.remove_network(name, force=args.force))
