"""`qd tag`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context


def configure(parser: Parser) -> None:
    """Two names."""
    parser.add_argument("image", metavar="IMAGE")
    parser.add_argument("target", metavar="TARGET")


def run(context: Context, args: Namespace) -> int:
    """Give an image one more name."""
    context.engine.tag(args.image, args.target)
    return 0
