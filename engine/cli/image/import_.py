"""`qd import`."""

import sys
from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.image.streams import reading
from engine.cli.progress import progress


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.add_argument(
        "-c", "--change", action="append", default=[], metavar="INSTRUCTION", help="of a Dockerfile: 'CMD [\"sh\"]' ..."
    )
    parser.add_argument("-m", "--message", default="", metavar="TEXT", help="for the history")
    parser.add_argument("--platform", default="", metavar="OS/ARCH", help="what it is for; this host's where not said")
    parser.flag("-q", "--quiet", help="no progress")
    parser.add_argument("file", metavar="FILE|-", help="a tar archive of a root file system, compressed or not")
    parser.add_argument("name", nargs="?", default="", metavar="NAME[:TAG]")


def run(context: Context, args: Namespace) -> int:
    """Make an image of it, and print its id."""
    what = {"message": args.message, "changes": tuple(args.change), "platform": args.platform}
    with reading(args.file, "qd import -") as fd, progress(quiet=args.quiet) as show:
        image_id = context.engine.import_image(fd, args.name, show, **what)
    sys.stdout.write(f"{image_id}\n")
    return 0
