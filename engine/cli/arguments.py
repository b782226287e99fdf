"""argparse with Docker's manners: errors of ours, no abbreviations, `--flag=false`."""

import argparse
from collections.abc import Sequence
from typing import NoReturn

from engine.errors import InvalidInput

_HELP_WIDTH = 110


class Parser(argparse.ArgumentParser):
    """The parser of one command."""

    def __init__(self, name: str, usage: str, summary: str) -> None:
        super().__init__(
            prog=f"qd {name}",
            usage=f"qd {name} {usage}",
            description=summary,
            formatter_class=_formatter,
            add_help=False,
            allow_abbrev=False,
        )
        self.add_argument("--help", action="help", help="show this help")

    def error(self, message: str) -> NoReturn:
        """Raise `InvalidInput`; `main` prints it."""
        raise InvalidInput(message, hint=f"see {self.prog} --help")

    def flag(self, *names: str, help: str | None = None, default: bool = False) -> None:
        """A switch that also takes `--name=true` and `--name=false`, as Docker's do."""
        long = names[-1]
        destination = long.lstrip("-").replace("-", "_")
        self.add_argument(*names, dest=destination, action="store_true", default=default, help=help)
        self.add_argument(f"{long}=true", f"{long}=false", dest=destination, action=_Spelled, default=default)

    def words(self, name: str, metavar: str) -> None:
        """Everything from the first word that is no option of ours: its own flags stay with it."""
        self.add_argument(name, nargs=argparse.PARSER, metavar=metavar)


class _Spelled(argparse.Action):
    """A switch with its value written out; argparse knows an option by its whole text before it looks for `=`."""

    def __init__(self, option_strings: Sequence[str], dest: str, default: bool) -> None:
        super().__init__(option_strings, dest, nargs=0, default=default, help=argparse.SUPPRESS)

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        _values: object,
        option_string: str | None = None,
    ) -> None:
        """Set it to what is after the `=`."""
        setattr(namespace, self.dest, bool(option_string) and str(option_string).endswith("=true"))


def split_words(words: list[str]) -> list[str]:
    """The words after an optional `--`, which some versions of argparse leave in."""
    return words[1:] if words[:1] == ["--"] else words


def _formatter(prog: str) -> argparse.HelpFormatter:
    """A fixed width: argparse makes a formatter for every option added, and would measure the terminal each time."""
    return argparse.HelpFormatter(prog, width=_HELP_WIDTH, max_help_position=36)
