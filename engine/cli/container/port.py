"""`qd port`."""

import sys
from argparse import Namespace

from engine.cli import report
from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.parse.port import parse_private
from engine.cli.render.ports import bindings
from engine.errors import NotFound


def configure(parser: Parser) -> None:
    """Docker's."""
    parser.add_argument("container", metavar="CONTAINER")
    parser.add_argument(
        "port", nargs="?", type=parse_private, metavar="PORT[/PROTOCOL]", help="where this one is published"
    )


def run(context: Context, args: Namespace) -> int:
    """List; 1 where the one that was asked for is not published."""
    found = bindings(context.engine.container(args.container))
    if args.port is None:
        sys.stdout.write("".join(f"{one.private} -> {one.public}\n" for one in found))
        return 0
    number, protocol = args.port
    chosen = [one for one in found if (one.container, one.protocol) == (number, protocol)]
    sys.stdout.write("".join(f"{one.public}\n" for one in chosen))
    if not chosen:
        hint = f"qd port {args.container} lists those that are; only a running container's are"
        report.failure(NotFound(f"port {number}/{protocol} of {args.container} is not published", hint=hint))
    return 0 if chosen else 1
