"""`qd push`."""

import sys
from argparse import Namespace
from typing import Any

from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.image.transfer_flags import add_compression_flags, add_registry_flags, compression_of, tls_of
from engine.cli.progress import progress
from engine.cli.render.clean import printable


def configure(parser: Parser) -> None:
    """Docker's flags, and podman's second name."""
    add_compression_flags(parser, "gzip where nothing is said")
    parser.flag("--force-compression", help="also layers that are compressed already")
    add_registry_flags(parser)
    parser.add_argument("image", metavar="IMAGE")
    parser.add_argument("target", nargs="?", default="", metavar="TARGET", help="another name to push it to")


def run(context: Context, args: Namespace) -> int:
    """Send it, and print the digest under which the registry has it."""
    with progress(quiet=args.quiet) as show:
        sent = context.engine.push(args.image, args.target, show, **_how(args))
    if not args.quiet:
        sys.stderr.write(f"{printable(sent['name'])} was pushed\n")
    sys.stdout.write(f"{printable(sent['digest'])}\n")
    return 0


def _how(args: Namespace) -> dict[str, Any]:
    return {"everything": args.force_compression, **compression_of(args), **tls_of(args)}
