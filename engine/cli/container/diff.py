"""`qd diff`."""

import sys
from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.render.clean import printable


def configure(parser: Parser) -> None:
    """One name, or two."""
    parser.add_argument("name", metavar="NAME", help="a container, or an image against the one below")
    parser.add_argument("other", nargs="?", default="", metavar="NAME", help="another one, which is compared with it")


def run(context: Context, args: Namespace) -> int:
    """Print kind and path of each change."""
    show = printable if sys.stdout.isatty() else str
    for change in context.engine.changes(args.name, args.other):
        sys.stdout.write(f"{change.kind} {show(change.path)}\n")
    return 0
