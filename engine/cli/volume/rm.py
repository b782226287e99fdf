"""`qd volume rm`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-f", "--force", help="one that is missing is no error")
    parser.add_argument("volumes", nargs="+", metavar="VOLUME")


def run(context: Context, args: Namespace) -> int:
    """Remove each."""
    return context.each(args.volumes, lambda name: context.engine.remove_volume(name, force=args.force))
