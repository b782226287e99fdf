"""`qd start`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.container.attach_flags import add_attach_flags, manners_of, require_terminal
from engine.cli.context import Context
from engine.errors import InvalidInput


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-a", "--attach", help="attach to its output")
    parser.flag("-i", "--interactive", help="attach to its input as well")
    add_attach_flags(parser)
    parser.add_argument("containers", nargs="+", metavar="CONTAINER")


def run(context: Context, args: Namespace) -> int:
    """Start each; attached, the exit code is the program's."""
    if not (args.attach or args.interactive):
        return context.each(args.containers, context.engine.start)
    if len(args.containers) != 1:
        raise InvalidInput("only one container can be attached to", hint="qd start -ai CONTAINER")
    return _attached(context, args)


def _attached(context: Context, args: Namespace) -> int:
    from engine.cli.terminal.console import attach
    from engine.cli.terminal.raw import size_of

    container = context.engine.container(args.containers[0])
    interactive = args.interactive and container.options.interactive
    require_terminal(tty=container.options.tty, interactive=interactive)
    session = context.engine.start_attached(container.id, size_of(0, 1) if container.options.tty else None)
    return attach(session, manners_of(context, args, container.id, interactive=interactive))
