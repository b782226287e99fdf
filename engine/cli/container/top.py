"""`qd top`."""

import time
from argparse import Namespace
from typing import Final

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.render.listing import Column, Row, add_format, write_listing
from engine.errors import InvalidInput
from engine.model import Process

COLUMNS: Final = tuple(Column(name, name) for name in ("UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"))
_DAY_SECONDS: Final = 86400


def configure(parser: Parser) -> None:
    """A name; Docker passes what follows to ps, which is not asked here."""
    add_format(parser)
    parser.add_argument("container", metavar="CONTAINER")
    parser.add_argument(
        "ps_options", nargs="*", default=[], metavar="PS_OPTION", help="not there: the columns are those of ps -ef"
    )


def run(context: Context, args: Namespace) -> int:
    """List."""
    if args.ps_options:
        raise InvalidInput(
            "options of ps are not understood", hint=f"qd top {args.container} --format '{{{{.PID}}}} {{{{.CMD}}}}'"
        )
    now_ns = time.time_ns()
    rows = [row(process, now_ns) for process in context.engine.processes(args.container)]
    write_listing(COLUMNS, rows, args.format)
    return 0


def row(process: Process, now_ns: int) -> Row:
    """The columns of `ps -ef`."""
    lived_usec = max(1, (now_ns - process.started_ns) // 1000)
    return {
        "UID": process.user,
        "PID": str(process.pid),
        "PPID": str(process.ppid),
        "C": str(min(99, 100 * process.cpu_usec // lived_usec)),
        "STIME": _start_time(process.started_ns, now_ns),
        "TTY": process.tty,
        "TIME": _cpu_time(process.cpu_usec),
        "CMD": " ".join(process.command),
    }


def _start_time(started_ns: int, now_ns: int) -> str:
    """The clock within a day, else the date."""
    started = time.localtime(started_ns / 1e9)
    return time.strftime("%H:%M" if (now_ns - started_ns) / 1e9 < _DAY_SECONDS else "%b%d", started)


def _cpu_time(usec: int) -> str:
    minutes, seconds = divmod(usec // 1_000_000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}"
