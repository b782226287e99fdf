"""`qd save`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.image.streams import writing
from engine.cli.image.transfer_flags import add_compression_flags, compression_of
from engine.cli.progress import progress


def configure(parser: Parser) -> None:
    """Docker's flags, and podman's choice of format."""
    parser.add_argument("-o", "--output", metavar="FILE", help="instead of standard output")
    parser.add_argument(
        "--format", choices=("docker-archive", "oci-archive"), default="docker-archive", help="docker-archive"
    )
    add_compression_flags(parser, "as they are in an oci-archive, plain in a docker-archive")
    parser.flag("-q", "--quiet", help="no progress")
    parser.add_argument("images", nargs="+", metavar="IMAGE")


def run(context: Context, args: Namespace) -> int:
    """Write them into one archive."""
    with writing(args.output, f"qd save {args.images[0]}") as fd, progress(quiet=args.quiet) as show:
        context.engine.save(tuple(args.images), fd, show, kind=args.format, **compression_of(args))
    return 0
