"""`qd volume create`."""

import sys
from argparse import Namespace

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.parse.environment import parse_labels
from engine.errors import InvalidInput


def configure(parser: Parser) -> None:
    """Docker's flags; there is one kind of volume, a directory of the engine's."""
    add = parser.add_argument
    add("--label", action="append", default=[], metavar="KEY[=VALUE]", help="a label")
    add("-d", "--driver", default="local", metavar="DRIVER", help="local, the only one")
    add("-o", "--opt", action="append", default=[], metavar="KEY=VALUE", help="refused; see -v and --mount")
    add("--name", dest="named", metavar="VOLUME", help="the same as the name behind it")
    add("name", nargs="?", metavar="VOLUME", help="one is made up otherwise")


def run(context: Context, args: Namespace) -> int:
    """Make it, and print its name."""
    if args.driver != "local":
        raise InvalidInput(f"there is no volume driver {args.driver}", hint="leave out --driver")
    if args.opt:
        raise InvalidInput("a volume takes no options", hint="bind a directory (-v), or mount a tmpfs (--tmpfs)")
    name = context.engine.create_volume(args.name or args.named or "", parse_labels(args.label))
    sys.stdout.write(f"{name}\n")
    return 0
