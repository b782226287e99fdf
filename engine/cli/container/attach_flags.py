"""The flags of every command that attaches, and what they mean."""

import os
from argparse import Namespace
from contextlib import closing
from typing import TYPE_CHECKING

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.parse.keys import DEFAULT, parse_keys
from engine.errors import Conflict, InvalidInput

if TYPE_CHECKING:
    from engine.cli.terminal.console import Manners
    from engine.session import Attached


def add_detach_flag(parser: Parser) -> None:
    """The keys that end the attachment; argparse converts the default as it does what was typed."""
    parser.add_argument(
        "--detach-keys", type=parse_keys, default=DEFAULT, metavar="KEYS", help=f"keys that detach; {DEFAULT} otherwise"
    )


def add_attach_flags(parser: Parser) -> None:
    """Detach keys and signals."""
    add_detach_flag(parser)
    parser.flag("--sig-proxy", default=True, help="pass signals on to the program (without a terminal)")


def manners_of(context: Context, args: Namespace, container_id: str, *, interactive: bool) -> "Manners":
    """How to be attached to this container."""
    from engine.cli.terminal.console import Manners

    def forward(signal: str) -> None:
        context.engine.kill(container_id, signal)

    def resume(position: int) -> "Attached | int":
        return attach_again(context, container_id, position)

    return Manners(interactive, args.detach_keys, forward if args.sig_proxy else None, resume)


def attach_again(context: Context, container_id: str, position: int) -> "Attached | int":
    """A session that goes on at this piece of the log; where the run is over, print the rest: its exit code."""
    from engine.cli.patience import once_it_answers
    from engine.cli.terminal.attached import write_rest
    from engine.cli.terminal.raw import size_of

    try:
        session = once_it_answers(lambda: context.engine.attach(container_id, size_of(0, 1)))
    except Conflict:
        with closing(context.engine.log(container_id)) as log:
            log.seek(position)
            write_rest(log)
        return context.engine.wait(container_id)
    session.log.seek(position)
    return session


def require_terminal(*, tty: bool, interactive: bool) -> None:
    """A terminal inside that is fed from standard input needs one outside. Raises `InvalidInput`."""
    if tty and interactive and not os.isatty(0):
        raise InvalidInput("standard input is not a terminal", hint="leave out -t: with -i alone input can be piped")
