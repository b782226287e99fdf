"""`qd export`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.image.streams import writing


def configure(parser: Parser) -> None:
    """Docker's flag."""
    parser.add_argument("-o", "--output", metavar="FILE", help="instead of standard output")
    parser.add_argument("container", metavar="CONTAINER")


def run(context: Context, args: Namespace) -> int:
    """Write the archive."""
    with writing(args.output, f"qd export {args.container}") as fd:
        context.engine.export(args.container, fd)
    return 0
