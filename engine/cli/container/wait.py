"""`qd wait`."""

import sys
from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context


def configure(parser: Parser) -> None:
    """Names alone."""
    parser.add_argument("containers", nargs="+", metavar="CONTAINER")


def run(context: Context, args: Namespace) -> int:
    """Print the exit code of each, in the order of the names."""
    for ref in args.containers:
        sys.stdout.write(f"{context.engine.wait(ref)}\n")
        sys.stdout.flush()
    return 0
