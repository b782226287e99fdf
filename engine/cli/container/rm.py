"""`qd rm`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-f", "--force", help="kill it first where it runs")
    parser.flag("-v", "--volumes", help="with its volumes that have no name")
    parser.add_argument("containers", nargs="+", metavar="CONTAINER")


def run(context: Context, args: Namespace) -> int:
    """Remove each."""
    return context.each(args.containers, lambda ref: context.engine.remove(ref, force=args.force, volumes=args.volumes))
