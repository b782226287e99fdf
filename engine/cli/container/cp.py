"""`qd cp`."""

import os
import sys
from argparse import Namespace
from typing import NamedTuple

from engine.cli.arguments import Parser
from engine.cli.container.copy_progress import copy_progress
from engine.cli.context import Context
from engine.cli.image.streams import reading
from engine.errors import InvalidInput

_STREAM = "-"
_HINT = "qd cp CONTAINER:SRC DEST, or qd cp SRC CONTAINER:DEST"


class Place(NamedTuple):
    """One end of a copy."""

    container: str
    """Empty: on the host."""
    path: str


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-a", "--archive", help="keep everything: owners, set-user-ID, devices")
    parser.flag("-L", "--follow-link", help="copy what a link at the end of SRC leads to")
    parser.flag("-q", "--quiet", help="show no progress")
    parser.add_argument("source", metavar="SRC", help="CONTAINER:PATH, a path of the host, or - for a tar archive")
    parser.add_argument("target", metavar="DEST", help="likewise")


def run(context: Context, args: Namespace) -> int:
    """Copy one way or the other."""
    source, target = parse_place(args.source), parse_place(args.target)
    if source.container and target.container:
        raise InvalidInput("copying between containers is not supported", hint="copy to the host, and from there")
    if not (source.container or target.container):
        raise InvalidInput("one of the two must be in a container", hint=_HINT)
    if source.container:
        _copy_out(context, args, source, target.path)
    else:
        _copy_in(context, args, source.path, target)
    return 0


def _copy_out(context: Context, args: Namespace, source: Place, target: str) -> None:
    if target == _STREAM:
        if sys.stdout.isatty():
            raise InvalidInput(
                "an archive on a terminal helps nobody", hint="send it on: qd cp CONTAINER:SRC - | tar -t"
            )
        context.engine.read_archive(*source, 1, follow=args.follow_link)
        return
    with copy_progress(f"from {source.container}", quiet=args.quiet) as passed:
        flags = {"archive": args.archive, "follow": args.follow_link}
        context.engine.copy_out(*source, target, **flags, passed=passed)


def _copy_in(context: Context, args: Namespace, source: str, target: Place) -> None:
    if source == _STREAM:
        with reading(_STREAM, "qd cp - CONTAINER:DEST") as fd:
            context.engine.write_archive(*target, fd)
        return
    with copy_progress(f"to {target.container}", quiet=args.quiet) as passed:
        flags = {"archive": args.archive, "follow": args.follow_link}
        context.engine.copy_in(*target, source, **flags, passed=passed)


def parse_place(text: str) -> Place:
    """CONTAINER:PATH, or a path of the host: an absolute one, or one that begins with a dot, is never a container's.

    Paths of containers begin at their root. Raises `InvalidInput`.
    """
    container, colon, path = text.partition(":")
    if not colon or text.startswith((".", "/")):
        if not text:
            raise InvalidInput("a path is empty", hint=_HINT)
        return Place("", text)
    if not container or not path or "\0" in text:
        raise InvalidInput(f"{text!r} is not CONTAINER:PATH", hint=_HINT)
    return Place(container, path if path.startswith("/") else os.path.join("/", path))
