"""`qd system prune`."""

import os
import sys
from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.render.human import decimal_size
from engine.errors import InvalidInput

_QUESTION = "This removes all stopped containers and the layers that nothing uses. Continue? [y/N] "


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-f", "--force", help="do not ask")


def run(context: Context, args: Namespace) -> int:
    """Ask, remove, and say what was gained."""
    if not args.force and not _is_confirmed():
        return 0
    removed = context.engine.prune()
    for title, key in (("Deleted Containers:", "containers"), ("Deleted Images:", "images")):
        if removed.get(key):
            sys.stdout.write("\n".join([title, *map(str, removed[key])]) + "\n\n")
    sys.stdout.write(f"Total reclaimed space: {decimal_size(removed.get('reclaimed_bytes', 0))}\n")
    return 0


def _is_confirmed() -> bool:
    if not os.isatty(0):
        raise InvalidInput("there is nobody to confirm this", hint="qd system prune -f does not ask")
    sys.stderr.write(_QUESTION)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
