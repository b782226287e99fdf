"""`qd history`."""

import sys
import time
from argparse import Namespace
from typing import Any, Final

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.render.clean import printable
from engine.cli.render.human import ago, decimal_size, rfc3339
from engine.cli.render.listing import Column, Row, add_format, write_listing
from engine.cli.render.table import short_id

COLUMNS: Final = (
    Column("ID", "IMAGE"),
    Column("CreatedSince", "CREATED"),
    Column("CreatedBy", "CREATED BY"),
    Column("Size", "SIZE"),
    Column("Comment", "COMMENT"),
)
_MISSING: Final = "<missing>"
_WIDTH: Final = 45
"""Of a command that is shown shortened, as Docker's."""


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-q", "--quiet", help="ids alone")
    parser.flag("--no-trunc", help="whole commands and ids")
    add_format(parser)
    parser.add_argument("image", metavar="IMAGE")


def run(context: Context, args: Namespace) -> int:
    """The newest step first."""
    now_ns = time.time_ns()
    rows = [row_of(step, now_ns, full=args.no_trunc) for step in context.engine.image_history(args.image)]
    if args.quiet and args.format is None:
        sys.stdout.write("".join(f"{row['ID']}\n" for row in rows))
        return 0
    write_listing(COLUMNS, rows, args.format)
    return 0


def row_of(step: dict[str, Any], now_ns: int, *, full: bool = False) -> Row:
    """Docker's field names. What a stranger's image says is shown without its escapes."""
    created_by = printable(str(step["created_by"]))
    image_id = step["id"] or _MISSING
    return {
        "ID": image_id if full or not step["id"] else short_id(image_id),
        "CreatedAt": rfc3339(step["created_ns"]),
        "CreatedSince": ago(step["created_ns"], now_ns) if step["created_ns"] else "",
        "CreatedBy": created_by if full or len(created_by) <= _WIDTH else f"{created_by[: _WIDTH - 1]}\u2026",
        "Size": decimal_size(step["size_bytes"]),
        "Comment": printable(str(step["comment"])),
    }
