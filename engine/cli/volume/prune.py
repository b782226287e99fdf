"""`qd volume prune`."""

import sys
from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.render.human import decimal_size
from engine.cli.system.prune import is_confirmed


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-a", "--all", help="also those that have a name")
    parser.flag("-f", "--force", help="do not ask")


def run(context: Context, args: Namespace) -> int:
    """Ask, remove, and say what was gained."""
    which = "all volumes" if args.all else "the volumes without a name"
    if not args.force and not is_confirmed(f"This removes {which} that no container has.", "qd volume prune -f"):
        return 0
    removed = context.engine.prune_volumes(everything=args.all)
    if removed["volumes"]:
        sys.stdout.write("\n".join(["Deleted Volumes:", *map(str, removed["volumes"])]) + "\n\n")
    sys.stdout.write(f"Total reclaimed space: {decimal_size(removed['reclaimed_bytes'])}\n")
    return 0
