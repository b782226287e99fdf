"""`qd logs`: the output of every run of a container, the oldest first."""

import select
import time
from argparse import Namespace
from contextlib import closing

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.logs.lines import Start
from engine.cli.logs.printer import Printer
from engine.cli.logs.selection import Selection
from engine.cli.logs.selection import select as select_parts
from engine.cli.parse.moment import parse_moment
from engine.cli.patience import once_it_answers
from engine.errors import InvalidInput, Unreachable
from engine.model import Container, Status
from engine.session import Attached
from engine.supervise.log import LogReader


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-f", "--follow", help="go on with what is added, until the container exits")
    parser.flag("-t", "--timestamps", help="the time in front of each line")
    add = parser.add_argument
    add("--since", metavar="TIME", help="not before: 10m, 2026-05-01T10:00:00Z, Unix seconds")
    add("--until", metavar="TIME", help="not after")
    add("-n", "--tail", default="all", metavar="N", help="the last N lines")
    add("container", metavar="CONTAINER")


def run(context: Context, args: Namespace) -> int:
    """Print the runs that are over, then the last one, which may be followed."""
    selection = _selection(args)
    container = context.engine.container(args.container)
    printer = Printer(timestamps=args.timestamps, until_ns=selection.until_ns)

    def open_log(number: int) -> LogReader:
        return context.engine.log(container.id, number)

    last = container.state.run
    for part in select_parts(open_log, range(1, last + 1), selection):
        if part.run == last and args.follow and _is_alive(container):
            _follow(context, container.id, part.start, printer, selection.until_ns)
        else:
            _print(open_log(part.run), part.start, printer)
    return 0


def _print(log: LogReader, start: Start, printer: Printer) -> None:
    with closing(log):
        printer.begin(log, start)
        printer.go_on(log)
        printer.end()


def _follow(context: Context, container_id: str, start: Start, printer: Printer, until_ns: int | None) -> None:
    """Print what comes, until the run or the time asked for is over, over as many supervisors as it takes."""
    session = context.engine.follow_log(container_id)
    printer.begin(session.log, start)
    while True:
        with closing(session):
            printer.go_on(session.log)
            while _wait_for_more(session, until_ns):
                printer.go_on(session.log)
            printer.go_on(session.log)
            if _is_over(session, until_ns):
                break
            position = session.log.position
        session = once_it_answers(lambda: context.engine.follow_log(container_id))
        session.log.seek(position)
    printer.end()


def _wait_for_more(session: Attached, until_ns: int | None) -> bool:
    """Block until the log has grown; False when the run, or the time, is over, or the engine has gone."""
    timeout = None if until_ns is None else max(0.0, (until_ns - time.time_ns()) / 1e9)
    ready, _, _ = select.select([session.stream], [], [], timeout)
    return bool(ready) and bool(session.stream.recv(1 << 16))


def _is_over(session: Attached, until_ns: int | None) -> bool:
    """Whether there is nothing more to wait for, and not only a supervisor that has gone."""
    if until_ns is not None and time.time_ns() >= until_ns:
        return True
    try:
        session.exit_code()
    except Unreachable:
        return False
    return True


def _is_alive(container: Container) -> bool:
    return container.state.status in (Status.RUNNING, Status.PAUSED)


def _selection(args: Namespace) -> Selection:
    now_ns = time.time_ns()
    since_ns = parse_moment(args.since, now_ns) if args.since else None
    until_ns = parse_moment(args.until, now_ns) if args.until else None
    return Selection(since_ns, until_ns, _tail(args.tail))


def _tail(text: str) -> int | None:
    """A number of lines; `all`, or a negative one as in Docker, is every line."""
    if text == "all":
        return None
    try:
        lines = int(text)
    except ValueError as err:
        raise InvalidInput(f"'{text}' is not a number of lines", hint="-n 100, or -n all") from err
    return lines if lines >= 0 else None
