"""`qd commit`."""

import sys
from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.image.transfer_flags import add_compression_flags, compression_of
from engine.cli.progress import progress


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.add_argument("-a", "--author", default="", metavar="NAME")
    parser.add_argument(
        "-c", "--change", action="append", default=[], metavar="INSTRUCTION", help="of a Dockerfile: 'CMD [\"sh\"]' ..."
    )
    parser.add_argument("-m", "--message", default="", metavar="TEXT", help="for the history")
    parser.flag("-p", "--pause", default=True, help="freeze the container meanwhile, which is the rule: --pause=false")
    add_compression_flags(parser, "none where nothing is said")
    parser.flag("-q", "--quiet", help="no progress")
    parser.add_argument("container", metavar="CONTAINER")
    parser.add_argument("name", nargs="?", default="", metavar="NAME[:TAG]")


def run(context: Context, args: Namespace) -> int:
    """Make an image of the changes, and print its id."""
    what = {"author": args.author, "message": args.message, "changes": tuple(args.change), "pause": args.pause}
    with progress(quiet=args.quiet) as show:
        image_id = context.engine.commit(args.container, args.name, show, **what, **compression_of(args))
    sys.stdout.write(f"{image_id}\n")
    return 0
