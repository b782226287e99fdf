"""`qd rename`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context


def configure(parser: Parser) -> None:
    """Two names."""
    parser.add_argument("container", metavar="CONTAINER")
    parser.add_argument("name", metavar="NEW_NAME")


def run(context: Context, args: Namespace) -> int:
    """Rename."""
    context.engine.rename(args.container, args.name)
    return 0
