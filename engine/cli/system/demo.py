"""`qd demo`: start the demonstration, then show it."""

import os
import select
import sys
import time
from argparse import Namespace
from contextlib import closing
from typing import Final

import msgspec

from engine.cli import report
from engine.cli.arguments import Parser
from engine.cli.container import ps, stats
from engine.cli.context import Context
from engine.cli.demo import LABEL, LOGGER, demo_containers
from engine.cli.logs.printer import Printer
from engine.cli.logs.tail import find_tail
from engine.cli.progress import progress
from engine.cli.render.listing import format_listing
from engine.errors import EngineError, MissingFeature
from engine.model import Container, CreateOptions, Status

_ACTIVE: Final = (Status.RUNNING, Status.RESTARTING)
_LOG_LINES: Final = 5
_LOG_SECONDS: Final = 5.0


def configure(parser: Parser) -> None:
    """One flag of ours."""
    parser.flag("--stop", help="remove the demonstration containers")


def run(context: Context, args: Namespace) -> int:
    """Start what does not run; then the dashboard, or without a terminal a list, figures and a log."""
    if args.stop:
        return context.each(_existing(context), lambda name: context.engine.remove(name, force=True))
    code = _start_all(context)
    if os.isatty(0) and os.isatty(1):
        from tui.app import run_dashboard

        return run_dashboard(context.paths, context.read_only) or code
    _show(context)
    return code


def _start_all(context: Context) -> int:
    """Go on past what cannot be: on a host that refuses it all, the dashboard still opens, and says why."""
    try:
        with progress() as show:
            image_id = context.engine.build_base(show)
    except EngineError as err:
        return report.failure(err)
    existing = _existing(context)
    code = 0
    for options in demo_containers():
        try:
            _start(context, options, existing.get(str(options.name)), image_id)
        except EngineError as err:
            code = report.failure(err)
    return code


def _start(context: Context, options: CreateOptions, existing: Container | None, image_id: str) -> None:
    """Keep what runs from the present image, start what has ended, make what is not there."""
    if existing is not None and existing.image_id != image_id:
        context.engine.remove(existing.id, force=True)
        existing = None
    if existing is None:
        _make(context, options)
    elif existing.state.status is Status.PAUSED:
        context.engine.unpause(existing.id)
    elif existing.state.status not in _ACTIVE:
        context.engine.start(existing.id)


def _make(context: Context, options: CreateOptions) -> None:
    """With the host's user ids where it cannot have its own, as with layers on an overlay or on an old kernel; with a
    loopback alone where there can be no network."""
    container_id = context.engine.create(options)
    try:
        context.engine.start(container_id)
    except MissingFeature as err:
        less = _without(options, err)
        if less == options:
            raise
        context.engine.remove(container_id, force=True)
        _make(context, less)


def _without(options: CreateOptions, err: MissingFeature) -> CreateOptions:
    """The options without what this host lacks; the same ones where that cannot be left out."""
    if "--userns host" in err.hint and options.userns != "host":
        report.warning(f"{options.name} has the host's user ids: {err.message}")
        return msgspec.structs.replace(options, userns="host")
    if "--network none" in err.hint and options.network != "none":
        report.warning(f"{options.name} has no network: {err.message}")
        return msgspec.structs.replace(options, network="none", ports=())
    return options


def _existing(context: Context) -> dict[str, Container]:
    """The demonstration's containers by name."""
    found = context.engine.containers(filters={"label": [f"{LABEL}=true"]})
    return {container.name: container for container in found}


def _show(context: Context) -> None:
    """The list, one sample of stats, and the last lines of a log."""
    logger = _existing(context).get(LOGGER)
    has_log = logger is not None and logger.state.run > 0
    if has_log:
        _wait_for_log(context)
    now_ns = time.time_ns()
    containers = _existing(context).values()
    sys.stdout.write(format_listing(ps.COLUMNS, (ps.row(container, now_ns) for container in containers), None) + "\n")
    host_memory = context.engine.info().memory_bytes
    figures = context.engine.stats(tuple(one.id for one in containers if one.state.status is Status.RUNNING))
    sys.stdout.write(format_listing(stats.COLUMNS, (stats.row(one, host_memory) for one in figures), None) + "\n")
    sys.stdout.flush()
    if has_log:
        _show_log(context)


def _show_log(context: Context) -> None:
    printer = Printer(timestamps=False)
    with closing(context.engine.log(LOGGER)) as log:
        printer.begin(log, find_tail(log, _LOG_LINES, log.count()).start)
        printer.go_on(log)
        printer.end()


def _wait_for_log(context: Context) -> None:
    """Until the logger has said a few lines, so that there is something to show; not for ever."""
    deadline = time.monotonic() + _LOG_SECONDS
    with closing(context.engine.follow_log(LOGGER)) as session:
        while session.log.count() < _LOG_LINES:
            ready, _, _ = select.select([session.stream], [], [], max(0.0, deadline - time.monotonic()))
            if not ready or not session.stream.recv(1 << 16):
                return
