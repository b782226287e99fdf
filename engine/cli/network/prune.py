"""`qd network prune`."""

import sys
import time
from argparse import Namespace
from typing import Final

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.parse.filters import parse_filters
from engine.cli.parse.moment import parse_moment
from engine.cli.system.prune import is_confirmed

FILTERS: Final = ("until", "label", "label!")


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-f", "--force", help="do not ask")
    parser.add_argument(
        "--filter", action="append", default=[], metavar="KEY=VALUE", help=f"keys: {', '.join(FILTERS)}"
    )


def run(context: Context, args: Namespace) -> int:
    """Ask, remove, and say which."""
    filters = parse_filters(args.filter, FILTERS)
    if "until" in filters:
        filters["until"] = [str(parse_moment(text, time.time_ns())) for text in filters["until"]]
    words = "This removes all networks that no container is on."
    if not args.force and not is_confirmed(words, "qd network prune -f"):
        return 0
    removed = context.engine.prune_networks(filters)
    if removed:
        sys.stdout.write("\n".join(["Deleted Networks:", *removed]) + "\n\n")
    return 0
