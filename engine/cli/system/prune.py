"""`qd system prune`."""

import os
import sys
from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.render.human import decimal_size
from engine.errors import InvalidInput

_LISTS = (
    ("Deleted Containers:", "containers"),
    ("Deleted Networks:", "networks"),
    ("Deleted Volumes:", "volumes"),
    ("Deleted Images:", "images"),
)
_WORDS = "This removes all stopped containers, the networks that no container is on, and the layers that nothing uses."


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-f", "--force", help="do not ask")
    parser.flag("--volumes", help="also volumes without a name that no container has")


def run(context: Context, args: Namespace) -> int:
    """Ask, remove, and say what was gained."""
    if not args.force and not is_confirmed(_WORDS, "qd system prune -f"):
        return 0
    removed = context.engine.prune()
    removed["networks"] = context.engine.prune_networks()
    if args.volumes:
        volumes = context.engine.prune_volumes()
        removed |= volumes | {"reclaimed_bytes": removed["reclaimed_bytes"] + volumes["reclaimed_bytes"]}
    for title, key in _LISTS:
        if removed.get(key):
            sys.stdout.write("\n".join([title, *map(str, removed[key])]) + "\n\n")
    sys.stdout.write(f"Total reclaimed space: {decimal_size(removed.get('reclaimed_bytes', 0))}\n")
    return 0


def is_confirmed(words: str, unasked: str) -> bool:
    """Whether a person at the terminal says yes; `unasked` is the way out without one. Raises `InvalidInput`."""
    if not os.isatty(0):
        raise InvalidInput("there is nobody to confirm this", hint=f"{unasked} does not ask")
    sys.stderr.write(f"{words} Continue? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
