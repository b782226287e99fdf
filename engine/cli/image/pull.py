"""`qd pull`."""

import sys
from argparse import Namespace

from engine.cli import report
from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.image.transfer_flags import add_registry_flags, tls_of
from engine.cli.progress import progress
from engine.cli.render.clean import printable
from engine.errors import EngineError


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-a", "--all-tags", help="every tag of the repository")
    parser.add_argument("--platform", default="", metavar="OS/ARCH[/VARIANT]", help="of an image that has several")
    add_registry_flags(parser)
    parser.add_argument("images", nargs="+", metavar="IMAGE")


def run(context: Context, args: Namespace) -> int:
    """Fetch each, and print its name; go on past a failure."""
    code = 0
    for name in args.images:
        try:
            _pull(context, args, name)
        except EngineError as err:
            code = report.failure(err)
    return code


def _pull(context: Context, args: Namespace, name: str) -> None:
    with progress(quiet=args.quiet) as show:
        how = {"platform": args.platform, "all_tags": args.all_tags, **tls_of(args)}
        pulled = context.engine.pull(name, show, **how)
    for one in pulled:
        if not args.quiet:
            words = "is up to date" if one["status"] == "current" else "was downloaded"
            sys.stderr.write(f"{printable(one['name'])} {words}: {printable(one['digest'])}\n")
        if one.get("warning"):
            report.warning(one["warning"])
        sys.stdout.write(f"{printable(one['name'])}\n")
