"""`qd system df`."""

import sys
from argparse import Namespace
from collections.abc import Iterable
from typing import Any, Final

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.image.names import split_name
from engine.cli.render.clean import printable
from engine.cli.render.human import decimal_size, percent
from engine.cli.render.listing import Column, Row, add_format, write_listing
from engine.cli.render.table import short_id, table
from engine.model import Container, Status, Volume

COLUMNS: Final = (
    Column("Type", "TYPE"),
    Column("TotalCount", "TOTAL"),
    Column("Active", "ACTIVE"),
    Column("Size", "SIZE"),
    Column("Reclaimable", "RECLAIMABLE"),
)
_ACTIVE: Final = (Status.RUNNING, Status.PAUSED, Status.RESTARTING)


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-v", "--verbose", help="each image, container and volume, and what images share")
    add_format(parser)


def run(context: Context, args: Namespace) -> int:
    """Sum up, or list."""
    usage = context.engine.disk_usage()
    containers, volumes = context.engine.containers(), context.engine.volumes()
    if args.verbose:
        sys.stdout.write(_details(usage, containers, volumes))
        return 0
    rows = [
        _images(usage["images"]),
        _others("Containers", usage["containers"], {one.id for one in containers if one.state.status in _ACTIVE}),
        _others("Local Volumes", usage["volumes"], {one.name for one in volumes if one.used_by}),
    ]
    write_listing(COLUMNS, rows, args.format)
    return 0


def _images(usage: dict[str, Any]) -> Row:
    """What several images share counts once."""
    images = usage["images"]
    total = usage["layers_bytes"] + usage["blobs_bytes"] + usage["partial_bytes"] + usage["rubbish_bytes"]
    active = sum(1 for image in images if image["containers"])
    return _row("Images", len(images), active, total, usage["reclaimable_bytes"])


def _others(kind: str, sizes: dict[str, int], active: set[str]) -> Row:
    """Whatever is not active can go."""
    free = sum(size for name, size in sizes.items() if name not in active)
    return _row(kind, len(sizes), len(active & sizes.keys()), sum(sizes.values()), free)


def _row(kind: str, count: int, active: int, size: int, free: int) -> Row:
    share = f" ({percent(free / size).partition('.')[0]}%)" if size else ""
    return {
        "Type": kind,
        "TotalCount": str(count),
        "Active": str(active),
        "Size": decimal_size(size),
        "Reclaimable": f"{decimal_size(free)}{share}",
    }


def _details(usage: dict[str, Any], containers: Iterable[Container], volumes: Iterable[Volume]) -> str:
    """Three tables under each other."""
    images = table(
        ["REPOSITORY", "TAG", "IMAGE ID", "SIZE", "SHARED SIZE", "UNIQUE SIZE", "CONTAINERS"],
        [line for image in usage["images"]["images"] for line in _image_lines(image)],
    )
    sizes = usage["containers"]
    others = table(
        ["CONTAINER ID", "IMAGE", "SIZE", "STATUS", "NAMES"],
        [
            [short_id(one.id), printable(one.image), decimal_size(sizes.get(one.id, 0)), one.state.status, one.name]
            for one in containers
        ],
    )
    kept = table(
        ["VOLUME NAME", "LINKS", "SIZE"],
        [[one.name, str(len(one.used_by)), decimal_size(usage["volumes"].get(one.name, 0))] for one in volumes],
    )
    return f"Images space usage:\n\n{images}\nContainers space usage:\n\n{others}\nLocal Volumes space usage:\n\n{kept}"


def _image_lines(image: dict[str, Any]) -> list[list[str]]:
    sizes = [decimal_size(image[key]) for key in ("size_bytes", "shared_bytes", "unique_bytes")]
    names = [split_name(name) for name in image["names"]] or [("<none>", "<none>")]
    return [[repository, tag, short_id(image["id"]), *sizes, str(image["containers"])] for repository, tag in names]
