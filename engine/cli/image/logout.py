"""`qd logout`."""

import sys
from argparse import Namespace

from engine.cli import report
from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.render.clean import printable


def configure(parser: Parser) -> None:
    """podman's flags."""
    parser.flag("-a", "--all", help="every registry")
    parser.add_argument("--authfile", default="", metavar="FILE", help="where it is kept")
    parser.add_argument("registry", nargs="?", default="", metavar="REGISTRY", help="docker.io where none is named")


def run(_context: Context, args: Namespace) -> int:
    """Forget a name and a password, or all of them. Needs no engine."""
    from engine.image.registry.access import login

    done = login.logout(args.registry, authfile=args.authfile, everywhere=args.all)
    for host in done["hosts"]:
        sys.stdout.write(f"Removed login credentials for {printable(host)}\n")
    for path in done["remaining"]:
        report.warning(f"{path} has a login as well: qd logout --authfile {path}")
    return 0
