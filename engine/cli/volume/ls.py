"""`qd volume ls`."""

import sys
from argparse import Namespace
from typing import Final

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.parse.filters import parse_filters
from engine.cli.render.human import rfc3339
from engine.cli.render.listing import Column, Row, add_format, write_listing
from engine.model import Volume

FILTERS: Final = ("name", "label", "dangling")
COLUMNS: Final = (Column("Driver", "DRIVER"), Column("Name", "VOLUME NAME"))


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-q", "--quiet", help="names alone")
    parser.add_argument(
        "-f", "--filter", action="append", default=[], metavar="KEY=VALUE", help=f"keys: {', '.join(FILTERS)}"
    )
    add_format(parser)


def run(context: Context, args: Namespace) -> int:
    """List."""
    filters = parse_filters(args.filter, FILTERS)
    volumes = [volume for volume in context.engine.volumes() if matches(volume, filters)]
    if args.quiet and args.format is None:
        sys.stdout.write("".join(f"{volume.name}\n" for volume in volumes))
        return 0
    write_listing(COLUMNS, [row_of(volume) for volume in volumes], args.format)
    return 0


def row_of(volume: Volume) -> Row:
    """Docker's field names."""
    return {
        "Driver": "local",
        "Name": volume.name,
        "Scope": "local",
        "Mountpoint": volume.path,
        "CreatedAt": rfc3339(volume.created_ns),
        "Labels": ",".join(f"{key}={value}" for key, value in sorted(volume.labels.items())),
        "Links": str(len(volume.used_by)),
    }


def matches(volume: Volume, filters: dict[str, list[str]]) -> bool:
    """Names are alternatives, parts of them count; labels must all be there."""
    names = filters.get("name", [])
    if names and not any(name in volume.name for name in names):
        return False
    dangling = filters.get("dangling", [])
    if dangling and (dangling[-1] in ("true", "1")) == bool(volume.used_by):
        return False
    return all(_has_label(volume, label) for label in filters.get("label", []))


def _has_label(volume: Volume, label: str) -> bool:
    key, equals, value = label.partition("=")
    return key in volume.labels and (not equals or volume.labels[key] == value)
