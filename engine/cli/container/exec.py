"""`qd exec`."""

import os
from argparse import Namespace
from typing import Any

from engine.cli.arguments import Parser, split_words
from engine.cli.container.attach_flags import add_detach_flag, require_terminal
from engine.cli.context import Context
from engine.cli.parse.environment import parse_variable, parse_variable_file, read_text
from engine.cli.terminal.raw import size_of
from engine.errors import InvalidInput


def configure(parser: Parser) -> None:
    """Docker's flags."""
    parser.flag("-d", "--detach", help="leave it in the background")
    parser.flag("-i", "--interactive", help="keep standard input open")
    parser.flag("-t", "--tty", help="give it a terminal")
    parser.flag("--privileged", help="every capability")
    add = parser.add_argument
    add("-e", "--env", action="append", default=[], metavar="NAME[=VALUE]", help="an environment variable")
    add("--env-file", action="append", default=[], metavar="FILE", help="environment variables, one a line")
    add("-w", "--workdir", metavar="PATH", help="the working directory inside")
    add("-u", "--user", metavar="USER[:GROUP]", help="names or numbers")
    add_detach_flag(parser)
    parser.words("words", "CONTAINER COMMAND [ARG...]")


def run(context: Context, args: Namespace) -> int:
    """Run the program; the exit code is its own."""
    ref, *command = split_words(args.words) or [""]
    if not command:
        raise InvalidInput(
            "the program to run is missing", hint="qd exec CONTAINER COMMAND, for example qd exec web ps"
        )
    if not args.detach:
        require_terminal(tty=args.tty, interactive=args.interactive)
    session = context.engine.execute(ref, _options(args, tuple(command)))
    if args.detach:
        session.close()
        return 0
    from engine.cli.terminal.console import Manners, attach_program

    return attach_program(session, Manners(args.interactive, args.detach_keys))


def _options(args: Namespace, command: tuple[str, ...]) -> dict[str, Any]:
    """The fields of `model.ExecOptions`; see `create_flags.options_of` for why not the value."""
    variables: list[str] = []
    for path in args.env_file:
        variables += parse_variable_file(read_text(path), path, os.environ)
    variables += filter(None, (parse_variable(text, os.environ) for text in args.env))
    return {
        "command": command,
        "tty": args.tty,
        "interactive": args.interactive and not args.detach,
        "detach": args.detach,
        "env": tuple(variables),
        "workdir": args.workdir,
        "user": args.user,
        "privileged": args.privileged,
        "size": size_of(0, 1) if args.tty else None,
    }
