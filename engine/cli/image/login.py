"""`qd login`."""

import getpass
import os
import sys
from argparse import Namespace
from typing import Any, Final

from engine.cli import report
from engine.cli.arguments import Parser
from engine.cli.context import Context
from engine.cli.image.transfer_flags import add_tls_flags, tls_of
from engine.cli.render.clean import printable
from engine.errors import InvalidInput

_SECRET_MAX: Final = 64 << 10


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.add_argument("-u", "--username", metavar="NAME")
    parser.add_argument("-p", "--password", metavar="SECRET", help="others see it in the list of processes")
    parser.flag("--password-stdin", help="read the password from standard input")
    add_tls_flags(parser)
    parser.add_argument("registry", nargs="?", default="", metavar="REGISTRY", help="docker.io where none is named")


def run(_context: Context, args: Namespace) -> int:
    """Try the name and the password, and keep them where Docker and podman look for them. Needs no engine."""
    from engine.image.registry.access import login

    username, password = _asked(args)
    done = login.login(args.registry, username, password, **tls_of(args), say=_tell)
    keeper = f"docker-credential-{done['helper']}" if done["helper"] else done["file"]
    sys.stderr.write(f"the password is kept by {printable(keeper)}\n")
    sys.stdout.write("Login Succeeded\n")
    return 0


def _tell(event: dict[str, Any]) -> None:
    report.warning(str(event.get("warning") or event.get("step", "")))


def _asked(args: Namespace) -> tuple[str, str]:
    """The name and the password, from flags, standard input, or a person. Raises InvalidInput."""
    if args.password_stdin and args.password is not None:
        raise InvalidInput("--password and --password-stdin are two ways to say one thing", hint="take one of them")
    if args.password_stdin and args.username is None:
        raise InvalidInput("--password-stdin needs a name", hint="qd login -u NAME --password-stdin REGISTRY")
    if args.password_stdin:
        return args.username, sys.stdin.read(_SECRET_MAX).rstrip("\r\n")
    if (args.username is None or args.password is None) and not os.isatty(0):
        raise InvalidInput("there is nobody to ask for a password", hint="qd login -u NAME --password-stdin REGISTRY")
    if args.username is None:
        sys.stderr.write("Username: ")
        sys.stderr.flush()
    username = args.username if args.username is not None else sys.stdin.readline().rstrip("\n")
    return username, args.password if args.password is not None else getpass.getpass("Password: ", sys.stderr)
