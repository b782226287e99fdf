"""`qd network disconnect`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-f", "--force", help="go on past what fails")
    parser.add_argument("network", metavar="NETWORK")
    parser.add_argument("container", metavar="CONTAINER")


def run(context: Context, args: Namespace) -> int:
    """Disconnect."""
    context.engine.disconnect_network(args.network, args.container, force=args.force)
    return 0
