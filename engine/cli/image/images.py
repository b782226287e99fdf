"""`qd images`."""

import sys
import time
from argparse import Namespace
from fnmatch import fnmatchcase
from typing import Final

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.image.names import names_of
from engine.cli.parse.filters import parse_filters
from engine.cli.render.human import ago, decimal_size, local_time
from engine.cli.render.listing import Column, Row, add_format, write_listing
from engine.cli.render.table import short_id
from engine.model import Image

FILTERS: Final = ("reference", "dangling", "label")
COLUMNS: Final = (
    Column("Repository", "REPOSITORY"),
    Column("Tag", "TAG"),
    Column("ID", "IMAGE ID"),
    Column("CreatedSince", "CREATED"),
    Column("Size", "SIZE"),
)
DIGEST_COLUMN: Final = Column("Digest", "DIGEST")


def configure(parser: Parser) -> None:
    """Docker's flags; there are no intermediate images for -a to show."""
    parser.flag("-a", "--all", help="accepted; there are no intermediate images")
    parser.flag("-q", "--quiet", help="ids alone")
    parser.flag("--no-trunc", help="whole ids")
    parser.flag("--digests", help="digests as well")
    parser.flag("--tree", help="which was made of which, as the layers tell")
    parser.add_argument(
        "-f", "--filter", action="append", default=[], metavar="KEY=VALUE", help=f"keys: {', '.join(FILTERS)}"
    )
    add_format(parser)
    parser.add_argument("name", nargs="?", metavar="NAME", help="only this repository, with or without a tag")


def run(context: Context, args: Namespace) -> int:
    """List, a line for each name."""
    filters = parse_filters(args.filter, FILTERS)
    images = [image for image in context.engine.images() if _matches(image, filters)]
    if args.tree:
        from engine.cli.image.tree import write_tree

        sys.stdout.write(write_tree(images, time.time_ns(), full=args.no_trunc))
        return 0
    if args.quiet and args.format is None:
        for image in images:
            sys.stdout.write(f"{image.id if args.no_trunc else short_id(image.id)}\n")
        return 0
    now_ns = time.time_ns()
    rows = [row for image in images for row in rows_of(image, now_ns, full=args.no_trunc) if _is_asked(row, args.name)]
    columns = (*COLUMNS[:2], DIGEST_COLUMN, *COLUMNS[2:]) if args.digests else COLUMNS
    write_listing(columns, rows, args.format)
    return 0


def rows_of(image: Image, now_ns: int, *, full: bool = False) -> list[Row]:
    """Docker's field names, one row for each name."""
    return [
        {
            "Repository": repository,
            "Tag": tag,
            "ID": image.id if full else short_id(image.id),
            "Digest": image.digest,
            "CreatedAt": local_time(image.created_ns),
            "CreatedSince": ago(image.created_ns, now_ns),
            "Size": decimal_size(image.size_bytes),
        }
        for repository, tag in names_of(image)
    ]


def _is_asked(row: Row, name: str | None) -> bool:
    return name is None or name in (row["Repository"], f"{row['Repository']}:{row['Tag']}")


def _matches(image: Image, filters: dict[str, list[str]]) -> bool:
    """Values of `reference` are alternatives; labels must all be there."""
    references = filters.get("reference", [])
    if references and not any(_is_like(image, pattern) for pattern in references):
        return False
    dangling = filters.get("dangling", [])
    if dangling and (dangling[-1] in ("true", "1")) != (not image.names):
        return False
    return all(_has_label(image, label) for label in filters.get("label", []))


def _is_like(image: Image, pattern: str) -> bool:
    return any(
        fnmatchcase(repository, pattern) or fnmatchcase(f"{repository}:{tag}", pattern)
        for repository, tag in names_of(image)
    )


def _has_label(image: Image, label: str) -> bool:
    key, equals, value = label.partition("=")
    config = image.config.get("config")
    labels = config.get("Labels") if isinstance(config, dict) else None
    return isinstance(labels, dict) and key in labels and (not equals or labels[key] == value)
