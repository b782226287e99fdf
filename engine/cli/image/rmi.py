"""`qd rmi`."""

import sys
from argparse import Namespace

from engine.cli import report
from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.render.clean import printable
from engine.errors import EngineError


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-f", "--force", help="also where containers use it")
    parser.add_argument("images", nargs="+", metavar="IMAGE")


def run(context: Context, args: Namespace) -> int:
    """Remove each, and say what went; go on past a failure."""
    code = 0
    for name in args.images:
        try:
            removed = context.engine.remove_image(name, force=args.force)
        except EngineError as err:
            code = report.failure(err)
            continue
        for word, key in (("Untagged", "untagged"), ("Deleted", "deleted")):
            for item in removed.get(key, ()):
                sys.stdout.write(f"{word}: {printable(str(item))}\n")
    return code
