"""`qd export`."""

import os
import sys
from argparse import Namespace
from contextlib import ExitStack, suppress

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.errors import InvalidInput


def configure(parser: Parser) -> None:
    """Docker's flag."""
    parser.add_argument("-o", "--output", metavar="FILE", help="write to a file instead of standard output")
    parser.add_argument("container", metavar="CONTAINER")


def run(context: Context, args: Namespace) -> int:
    """Write the archive; where that fails no file is left."""
    if args.output is None:
        if sys.stdout.isatty():
            raise InvalidInput(
                "an archive is not for a terminal", hint=f"qd export {args.container} > FILE, or -o FILE"
            )
        context.engine.export(args.container, sys.stdout.fileno())
        return 0
    _export_to(context, args.container, args.output)
    return 0


def _export_to(context: Context, container: str, path: str) -> None:
    """Beside it first: a file of this name changes when there is a whole one to take its place."""
    new = f"{path}.{os.getpid()}.new"
    with ExitStack() as undo:
        try:
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as err:
            raise InvalidInput(
                f"{path} cannot be written: {os.strerror(err.errno or 0).lower()}", hint="name another file"
            ) from err
        undo.callback(_remove, new)
        try:
            context.engine.export(container, fd)
        finally:
            os.close(fd)
        os.rename(new, path)


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
