"""`qd diff`."""

import sys
from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.render.clean import printable


def configure(parser: Parser) -> None:
    """A name."""
    parser.add_argument("container", metavar="CONTAINER")


def run(context: Context, args: Namespace) -> int:
    """Print kind and path of each change."""
    show = printable if sys.stdout.isatty() else str
    for change in context.engine.changes(args.container):
        sys.stdout.write(f"{change.kind} {show(change.path)}\n")
    return 0
