"""`qd update`."""

from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.container.limit_flags import add_limit_flags, limits_of
from engine.cli.context import Context
from engine.cli.parse.policy import parse_restart
from engine.errors import InvalidInput


def configure(parser: Parser) -> None:
    """What can be changed later."""
    add_limit_flags(parser)
    parser.add_argument("--restart", type=parse_restart, metavar="POLICY", help="no, always, on-failure[:N] ...")
    parser.add_argument("containers", nargs="+", metavar="CONTAINER")


def run(context: Context, args: Namespace) -> int:
    """Change each."""
    limits = limits_of(args)
    if limits is None and args.restart is None:
        raise InvalidInput("nothing to change is given", hint="for example qd update -m 128m CONTAINER")
    return context.each(args.containers, lambda ref: context.engine.update(ref, limits, args.restart))
