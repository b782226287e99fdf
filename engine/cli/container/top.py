"""`qd top`: the processes of a container, or its connections."""

import time
from argparse import Namespace
from typing import Final

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.render.listing import Column, Row, add_format, write_listing
from engine.cli.report import say
from engine.errors import InvalidInput
from engine.model import Connection, Process

COLUMNS: Final = tuple(Column(name, name) for name in ("UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"))
SOCKET_COLUMNS: Final = tuple(Column(name, name.upper()) for name in ("Proto", "Local", "Far", "State"))
_DAY_SECONDS: Final = 86400


def configure(parser: Parser) -> None:
    """A name; Docker passes what follows to ps, which is not asked here."""
    add_format(parser)
    parser.flag("--net", help="its connections, and what listens, in place of its processes")
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
    if args.net:
        return _list_connections(context, args)
    now_ns = time.time_ns()
    rows = [row(process, now_ns) for process in context.engine.processes(args.container)]
    write_listing(COLUMNS, rows, args.format)
    return 0


def _list_connections(context: Context, args: Namespace) -> int:
    """What else is to be known goes to standard error, so that the list stays one."""
    seen = context.engine.connections(args.container)
    if seen.whose:
        owner = "the host's" if seen.whose == "host" else f"that of container {seen.whose}"
        say(f"the network of {args.container} is {owner}, and so are these connections")
    write_listing(SOCKET_COLUMNS, [socket_row(one) for one in seen.found], args.format)
    if seen.cut:
        say("there are more, which are not listed")
    return 0


def socket_row(one: Connection) -> Row:
    """Ends as ss(8) writes them, the far one with the name of who it is; a star is no far end."""
    far = _end(one.far_address, one.far_port) if one.far_address else "*"
    return {
        "Proto": one.protocol,
        "Local": _end(one.address, one.port),
        "Far": f"{far} ({one.far_name})" if one.far_name else far,
        "FarName": one.far_name,
        "State": one.state,
    }


def _end(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


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
