"""`qd`: the dashboard where nothing else is asked for, else one command.

Only what the command needs is imported: `qd --help` and a usage error touch neither argparse nor the engine.
"""

import importlib
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from engine.cli import report
from engine.cli.context import Context
from engine.cli.registry import COMMANDS, GROUPS, HIDDEN
from engine.errors import EngineError, InvalidInput
from engine.state.paths import Paths, from_environment

if TYPE_CHECKING:
    from engine.client import Engine

SIGPIPE_CODE = 141
"""128 + SIGPIPE, as a shell reports a program whose reader has left."""

_GLOBAL_HELP = """\
  --root PATH       where the engine keeps images and containers
  --run PATH        where its sockets are
  --read-only       refuse whatever changes something
  --version         print the version
  --help            this help; qd COMMAND --help tells more
"""


class Globals(NamedTuple):
    """The options before the command, and the rest of the command line."""

    paths: Paths
    read_only: bool
    rest: list[str]


def main(argv: list[str] | None = None, *, engine: "Engine | None" = None) -> int:
    """Do what the command line asks for, with this engine if one is given; the exit code of the process."""
    try:
        _lossless_output()
        code = _run(sys.argv[1:] if argv is None else argv, engine)
        sys.stdout.flush()
        return code
    except EngineError as err:
        return report.failure(err)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _reader_left()
    except Exception as err:  # noqa: BLE001 - the outermost loop: a person gets a sentence, not a traceback
        return report.defect(err)


def parse_globals(argv: list[str]) -> Globals:
    """Cut off the options before the command. Raises `InvalidInput`."""
    given: dict[str, str] = {}
    rest = list(argv)
    while rest and rest[0].startswith("-") and rest[0] not in ("-h", "--help", "--version"):
        name, equals, value = rest.pop(0).partition("=")
        if name == "--read-only":
            given[name] = value or "true"
        elif name in ("--root", "--run") and (equals or rest):
            given[name] = value if equals else rest.pop(0)
        else:
            raise InvalidInput(f"{name} is no option of qd, or lacks its value", hint="see qd --help")
    paths = from_environment(given.get("--root"), given.get("--run"))
    return Globals(paths, given.get("--read-only", "false") == "true", rest)


def resolve(words: list[str]) -> tuple[str, list[str]]:
    """The command's name and its arguments: `container ls -a` is `ps`, `-a`. Raises `InvalidInput`."""
    name, *arguments = words
    if name == "help":
        name, arguments = (arguments[0] if arguments else "--help"), ["--help"]
    if name in GROUPS:
        return _resolve_group(name, arguments)
    if name not in COMMANDS:
        raise InvalidInput(f"there is no command {name}", hint=_suggestion(name))
    return name, arguments


def _resolve_group(group: str, arguments: list[str]) -> tuple[str, list[str]]:
    names = GROUPS[group]
    if not arguments or arguments[0] not in names:
        raise InvalidInput(f"qd {group} needs a command", hint=f"one of {', '.join(sorted(names))}")
    return names[arguments[0]], arguments[1:]


def _suggestion(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, [*COMMANDS, *GROUPS], n=1)
    return f"did you mean qd {close[0]}?" if close else "see qd --help"


def _run(argv: list[str], engine: "Engine | None") -> int:
    options = parse_globals(argv)
    if not options.rest:
        return _dashboard(options)
    if options.rest[0] in ("-h", "--help") or options.rest == ["help"]:
        sys.stdout.write(_help())
        return 0
    if options.rest[0] == "--version":
        return _version()
    name, arguments = resolve(options.rest)
    return _command(name, arguments, Context(options.paths, read_only=options.read_only, engine=engine))


def _command(name: str, arguments: list[str], context: Context) -> int:
    command = COMMANDS[name]
    if context.read_only and command.changes:
        raise InvalidInput(f"qd {name} changes something, and --read-only forbids that", hint="leave out --read-only")
    from engine.cli.arguments import Parser

    module = importlib.import_module(f"engine.cli.{command.module}")
    parser = Parser(name, command.usage, command.summary)
    module.configure(parser)
    code: int = module.run(context, parser.parse_args(arguments))
    return code


def _dashboard(options: Globals) -> int:
    if not (os.isatty(0) and os.isatty(1)):
        raise InvalidInput(
            "the dashboard needs a terminal", hint="without one: qd ps, qd stats, qd logs; see qd --help"
        )
    from tui.app import run_dashboard

    return run_dashboard(options.paths, options.read_only)


def _version() -> int:
    from engine.version import VERSION

    sys.stdout.write(f"quarterdeck version {VERSION}\n")
    return 0


def _help() -> str:
    width = max(len(name) for name in COMMANDS) + 2
    rows = [f"  {name:<{width}}{command.summary}" for name, command in COMMANDS.items() if name not in HIDDEN]
    groups = ", ".join(f"qd {name}" for name in GROUPS)
    return (
        "usage: qd [GLOBAL OPTIONS] [COMMAND [ARGUMENT...]]\n\n"
        "Without a command: the dashboard.\n\n"
        f"commands (also as {groups} ...):\n" + "\n".join(rows) + f"\n\nglobal options:\n{_GLOBAL_HELP}"
    )


def _lossless_output() -> None:
    """Names of files need not be UTF-8: they leave as they are, and never end a command with an encoding error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace" if stream.isatty() else "surrogateescape")


def _reader_left() -> int:
    """Whoever read our output is gone: end quietly, also when Python flushes at exit."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
    os.close(devnull)
    return SIGPIPE_CODE


if __name__ == "__main__":
    sys.exit(main())
