"""`qd create`."""

import sys
from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.container.create_flags import add_create_flags, options_of
from engine.cli.container.creation import create
from engine.cli.context import Context


def configure(parser: Parser) -> None:
    """The flags."""
    add_create_flags(parser)


def run(context: Context, args: Namespace) -> int:
    """Create, and print the id."""
    container_id = create(context, options_of(args), args)
    sys.stdout.write(f"{container_id}\n")
    return 0
