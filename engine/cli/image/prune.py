"""`qd image prune`."""

import sys
import time
from argparse import Namespace
from typing import Final

from engine.cli import report
from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.parse.filters import parse_filters
from engine.cli.parse.moment import parse_moment
from engine.cli.render.clean import printable
from engine.cli.render.human import decimal_size
from engine.cli.system.prune import is_confirmed

FILTERS: Final = ("until", "label")
_WORDS: Final = "This removes all images without a name."
_ALL: Final = "This removes all images that no container uses."


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-a", "--all", help="every image that no container uses")
    parser.flag("-f", "--force", help="do not ask")
    parser.add_argument(
        "--filter", action="append", default=[], metavar="KEY=VALUE", help=f"keys: {', '.join(FILTERS)}"
    )


def run(context: Context, args: Namespace) -> int:
    """Ask, remove, and say what was gained."""
    filters = parse_filters(args.filter, FILTERS)
    if "until" in filters:
        filters["until"] = [str(parse_moment(text, time.time_ns())) for text in filters["until"]]
    if not args.force and not is_confirmed(_ALL if args.all else _WORDS, "qd image prune -f"):
        return 0
    removed = context.engine.prune_images(everything=args.all, filters=filters)
    for name in removed.get("damaged", ()):
        report.warning(f"{printable(name)} is damaged: nothing is freed before it is removed or fetched again")
    if removed["images"]:
        sys.stdout.write("\n".join(["Deleted Images:", *removed["images"]]) + "\n\n")
    sys.stdout.write(f"Total reclaimed space: {decimal_size(removed['reclaimed_bytes'])}\n")
    return 0
