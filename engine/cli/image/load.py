"""`qd load`."""

import sys
from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.image.streams import reading
from engine.cli.progress import progress
from engine.cli.render.clean import printable


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.add_argument("-i", "--input", default="-", metavar="FILE", help="instead of standard input")
    parser.flag("-q", "--quiet", help="no progress")


def run(context: Context, args: Namespace) -> int:
    """Take the images of an archive, and print their names."""
    with reading(args.input, "qd load") as fd, progress(quiet=args.quiet) as show:
        loaded = context.engine.load(fd, show)
    for image in loaded:
        for name in image["names"]:
            sys.stdout.write(f"Loaded image: {printable(name)}\n")
        if not image["names"]:
            sys.stdout.write(f"Loaded image ID: {image['id']}\n")
    return 0
