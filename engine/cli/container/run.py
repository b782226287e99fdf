"""`qd run`."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from engine.cli.arguments import Parser
from engine.cli.container.attach_flags import add_attach_flags, manners_of, require_terminal
from engine.cli.container.create_flags import add_create_flags, options_of
from engine.cli.container.creation import create
from engine.cli.context import Context
from engine.errors import EngineError


def configure(parser: Parser) -> None:
    """The flags of a new container, and how to be attached to it."""
    parser.flag("-d", "--detach", help="leave it in the background and print its id")
    add_attach_flags(parser)
    add_create_flags(parser)


def run(context: Context, args: Namespace) -> int:
    """Create and start; the exit code is the program's, 0 after detaching."""
    options = options_of(args)
    if not args.detach:
        require_terminal(tty=args.tty, interactive=args.interactive)
    container_id = create(context, options, args)
    if args.detach:
        with _removed_on_failure(context, container_id, remove=args.rm):
            context.engine.start(container_id)
        sys.stdout.write(f"{container_id}\n")
        return 0
    return _attached(context, container_id, args)


def _attached(context: Context, container_id: str, args: Namespace) -> int:
    with _removed_on_failure(context, container_id, remove=args.rm):
        session = context.engine.start_attached(container_id, _size() if args.tty else None, _import_console)
    from engine.cli.terminal.console import attach

    return attach(session, manners_of(context, args, container_id, interactive=args.interactive))


def _size() -> tuple[int, int] | None:
    from engine.cli.terminal.raw import size_of

    return size_of(0, 1)


def _import_console() -> None:
    """3 ms, which pass while the engine starts the container."""
    from engine.cli.terminal import console  # noqa: F401  # used by name afterwards


@contextmanager
def _removed_on_failure(context: Context, container_id: str, *, remove: bool) -> Iterator[None]:
    """A container that could not start has nothing to say: with --rm it goes at once."""
    try:
        yield
    except EngineError:
        if remove:
            with suppress(EngineError):  # the engine may have removed it, and the first failure is the one to tell
                context.engine.remove(container_id, force=True)
        raise
