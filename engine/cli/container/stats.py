"""`qd stats`."""

import select
import sys
from argparse import Namespace
from typing import Final

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.render.human import binary_size, decimal_size, percent
from engine.cli.render.listing import Column, Row, add_format, format_listing
from engine.cli.render.table import short_id
from engine.model import Container, Stats

COLUMNS: Final = (
    Column("ID", "CONTAINER ID"),
    Column("Name", "NAME"),
    Column("CPUPerc", "CPU %"),
    Column("MemUsage", "MEM USAGE / LIMIT"),
    Column("MemPerc", "MEM %"),
    Column("NetIO", "NET I/O"),
    Column("BlockIO", "BLOCK I/O"),
    Column("PIDs", "PIDS"),
)
_INTERVAL_SECONDS: Final = 1.0
_HOME: Final = "\x1b[H"
_CLEAR_TO_END_OF_LINE: Final = "\x1b[K"
_CLEAR_BELOW: Final = "\x1b[J"


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-a", "--all", help="also those that do not run")
    parser.flag("--no-stream", help="one sample, and no more")
    parser.flag("--no-trunc", help="whole ids")
    add_format(parser)
    parser.add_argument("containers", nargs="*", metavar="CONTAINER")


def run(context: Context, args: Namespace) -> int:
    """Print a sample, and on a terminal or in a stream another one each second."""
    host_memory = context.engine.info().memory_bytes
    in_place = sys.stdout.isatty() and not args.no_stream
    while True:
        text = _sample(context, args, host_memory)
        sys.stdout.write(_in_place(text) if in_place else text)
        sys.stdout.flush()
        if args.no_stream:
            return 0
        select.select([], [], [], _INTERVAL_SECONDS)


def row(stats: Stats, host_memory: int, *, full: bool = False) -> Row:
    """Docker's field names, and more of the network, what was received first.

    Without a limit of its own a container may use the host's memory.
    """
    limit = stats.memory_limit_bytes or host_memory
    return {
        "ID": stats.id if full else short_id(stats.id),
        "Container": stats.id if full else short_id(stats.id),
        "Name": stats.name,
        "CPUPerc": percent(stats.cpu_cores),
        "MemUsage": f"{binary_size(stats.memory_bytes)} / {binary_size(limit)}",
        "MemPerc": percent(stats.memory_bytes / limit if limit else 0.0),
        "NetIO": f"{decimal_size(stats.rx_bytes)} / {decimal_size(stats.tx_bytes)}",
        "NetRate": f"{decimal_size(stats.rx_bytes_per_second)}/s / {decimal_size(stats.tx_bytes_per_second)}/s",
        "NetPackets": f"{stats.rx_packets} / {stats.tx_packets}",
        "NetDrops": f"{stats.rx_drops} / {stats.tx_drops}",
        "NetErrors": f"{stats.rx_errors} / {stats.tx_errors}",
        "BlockIO": f"{decimal_size(stats.read_bytes)} / {decimal_size(stats.write_bytes)}",
        "PIDs": str(stats.pids),
    }


def idle_row(container: Container, *, full: bool = False) -> Row:
    """What does not run uses nothing."""
    identifier = container.id if full else short_id(container.id)
    return {
        "ID": identifier,
        "Container": identifier,
        "Name": container.name,
        "CPUPerc": "--",
        "MemUsage": "-- / --",
        "MemPerc": "--",
        **dict.fromkeys(("NetIO", "NetRate", "NetPackets", "NetDrops", "NetErrors"), "--"),
        "BlockIO": "--",
        "PIDs": "--",
    }


def _sample(context: Context, args: Namespace, host_memory: int) -> str:
    figures = context.engine.stats(tuple(args.containers))
    rows = [row(stats, host_memory, full=args.no_trunc) for stats in figures]
    if args.all:
        running = {stats.id for stats in figures}
        others = [container for container in context.engine.containers() if container.id not in running]
        rows += [idle_row(container, full=args.no_trunc) for container in others]
    return format_listing(COLUMNS, rows, args.format)


def _in_place(text: str) -> str:
    """Over the last sample, without the flicker of clearing the screen first."""
    return _HOME + text.replace("\n", f"{_CLEAR_TO_END_OF_LINE}\n") + _CLEAR_BELOW
