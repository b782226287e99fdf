"""`qd stop`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.add_argument(
        "-t", "--time", "--timeout", type=int, metavar="SECONDS", help="before it is killed; 10 otherwise"
    )
    parser.add_argument("containers", nargs="+", metavar="CONTAINER")


def run(context: Context, args: Namespace) -> int:
    """Stop each."""
    return context.each(args.containers, lambda ref: context.engine.stop(ref, args.time))
