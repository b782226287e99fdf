"""`qd ps`."""

import json
import sys
import time
from argparse import Namespace
from typing import Final

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.parse.filters import parse_filters
from engine.cli.render.human import ago, local_time
from engine.cli.render.listing import Column, Row, add_format, write_listing
from engine.cli.render.ports import ports_column
from engine.cli.render.status import status
from engine.cli.render.table import ellipsis, short_id
from engine.model import Container

FILTERS: Final = tuple("id name label status exited ancestor before since publish expose network".split())
COLUMNS: Final = (
    Column("ID", "CONTAINER ID"),
    Column("Image", "IMAGE"),
    Column("Command", "COMMAND"),
    Column("RunningFor", "CREATED"),
    Column("Status", "STATUS"),
    Column("Ports", "PORTS"),
    Column("Names", "NAMES"),
)
_COMMAND_WIDTH: Final = 20


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-a", "--all", help="also those that do not run")
    parser.flag("-q", "--quiet", help="ids alone")
    parser.flag("-l", "--latest", help="the newest one, running or not")
    parser.flag("--no-trunc", help="whole ids and commands")
    parser.add_argument("-n", "--last", type=int, metavar="N", help="the newest N, running or not")
    parser.add_argument(
        "-f", "--filter", action="append", default=[], metavar="KEY=VALUE", help=f"keys: {', '.join(FILTERS)}"
    )
    add_format(parser)


def run(context: Context, args: Namespace) -> int:
    """List."""
    filters = parse_filters(args.filter, FILTERS)
    newest = 1 if args.latest else args.last
    # As in Docker, asking for a status or an exit code asks for those that do not run as well.
    everything = args.all or newest is not None or bool({"status", "exited"} & filters.keys())
    containers = context.engine.containers(everything=everything, filters=filters)
    if newest is not None and newest >= 0:
        containers = containers[:newest]
    if args.quiet and args.format is None:
        for container in containers:
            sys.stdout.write(f"{container.id if args.no_trunc else short_id(container.id)}\n")
        return 0
    now_ns = time.time_ns()
    write_listing(COLUMNS, (row(container, now_ns, full=args.no_trunc) for container in containers), args.format)
    return 0


def row(container: Container, now_ns: int, *, full: bool = False) -> Row:
    """Docker's field names; full: nothing is cut."""
    command = " ".join(container.command)
    options = container.options
    mounts = [*(bind.source for bind in options.binds), *(volume.name for volume in options.volumes)]
    return {
        "ID": container.id if full else short_id(container.id),
        "Image": container.image,
        "Command": json.dumps(command if full else ellipsis(command, _COMMAND_WIDTH), ensure_ascii=False),
        "CreatedAt": local_time(container.created_ns),
        "RunningFor": ago(container.created_ns, now_ns),
        "State": container.state.status.value,
        "Status": status(container, now_ns),
        "Ports": ports_column(container),
        "Names": container.name,
        "Labels": ",".join(f"{key}={value}" for key, value in sorted(options.labels.items())),
        "LocalVolumes": str(len(options.volumes)),
        "Mounts": ",".join(mounts),
        "Networks": ",".join(join.network for join in options.joins) or options.network,
    }
