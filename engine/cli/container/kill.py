"""`qd kill`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.add_argument("-s", "--signal", default="KILL", metavar="SIGNAL", help="a name or a number; KILL otherwise")
    parser.add_argument("containers", nargs="+", metavar="CONTAINER")


def run(context: Context, args: Namespace) -> int:
    """Send it to each."""
    return context.each(args.containers, lambda ref: context.engine.kill(ref, args.signal))
