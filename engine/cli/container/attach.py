"""`qd attach`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.container.attach_flags import add_attach_flags, manners_of, require_terminal
from engine.cli.context import Context
from engine.cli.terminal.console import attach
from engine.cli.terminal.raw import size_of


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("--no-stdin", help="watch only")
    add_attach_flags(parser)
    parser.add_argument("container", metavar="CONTAINER")


def run(context: Context, args: Namespace) -> int:
    """Attach; the exit code is the program's, 0 after detaching."""
    container = context.engine.container(args.container)
    interactive = container.options.interactive and not args.no_stdin
    require_terminal(tty=container.options.tty, interactive=interactive)
    session = context.engine.attach(container.id, size_of(0, 1) if container.options.tty else None)
    return attach(session, manners_of(context, args, container.id, interactive=interactive))
