"""Command lines in the grammar of runc: `--name value`, `--name=value`, `-n value`, `-name value`. Pure.

Options of a verb may follow its arguments, but for `exec` and `ps`, whose arguments are another program's; after `--`
everything is an argument.
"""

import enum
from typing import Final, NamedTuple

from engine.errors import InvalidInput

TRUE: Final = ("true", "1", "t")
FALSE: Final = ("false", "0", "f")


class Misused(InvalidInput):
    """A command line that is none, for any verb: its exit code is 1."""


class Kind(enum.Enum):
    """What an option takes."""

    FLAG = 0
    VALUE = 1
    MANY = 2
    """A value, and it may be given several times."""


class Option(NamedTuple):
    """One option of a verb."""

    name: str
    kind: Kind
    what: str
    """For the help."""
    short: str = ""


class Given(NamedTuple):
    """What a command line says."""

    flags: frozenset[str]
    values: dict[str, str]
    """The last one of each."""
    many: dict[str, list[str]]
    arguments: list[str]

    def text(self, name: str, default: str = "") -> str:
        """The value of an option."""
        return self.values.get(name, default)


def flag(name: str, what: str, short: str = "") -> Option:
    """An option without a value."""
    return Option(name, Kind.FLAG, what, short)


def value(name: str, what: str, short: str = "") -> Option:
    """An option with a value."""
    return Option(name, Kind.VALUE, what, short)


def many(name: str, what: str, short: str = "") -> Option:
    """An option whose values add up."""
    return Option(name, Kind.MANY, what, short)


def parse(words: list[str], options: tuple[Option, ...], *, interleaved: bool = True) -> Given:
    """Sort words into options and arguments. Without `interleaved` the first argument ends the options.

    Raises `Misused` in runc's words.
    """
    known = {name: option for option in options for name in (option.name, option.short) if name}
    flags: set[str] = set()
    values: dict[str, str] = {}
    lists: dict[str, list[str]] = {option.name: [] for option in options if option.kind is Kind.MANY}
    arguments: list[str] = []
    left = iter(words)
    for word in left:
        if word == "--" or not _is_option(word):
            arguments += [] if word == "--" else [word]
            if word == "--" or not interleaved:
                arguments += left
            continue
        option, text = _split(word, known)
        if option.kind is Kind.FLAG:
            _set_flag(flags, option.name, text)
            continue
        if text is None and (text := next(left, None)) is None:
            raise Misused(f"flag needs an argument: {word}")
        values[option.name] = text
        if option.kind is Kind.MANY:
            lists[option.name].append(text)
    return Given(frozenset(flags), values, lists, arguments)


def _is_option(word: str) -> bool:
    return word.startswith("-") and word != "-"


def _split(word: str, known: dict[str, Option]) -> tuple[Option, str | None]:
    """One or two dashes are the same; `-n5` is not known, as it is not to runc."""
    name, equals, text = word.removeprefix("-").removeprefix("-").partition("=")
    if name not in known:
        raise Misused(f"flag provided but not defined: -{name}")
    return known[name], text if equals else None


def _set_flag(flags: set[str], name: str, text: str | None) -> None:
    if text is None or text.lower() in TRUE:
        flags.add(name)
    elif text.lower() in FALSE:
        flags.discard(name)
    else:
        raise Misused(f"invalid boolean value {text!r} for -{name}")


def count(arguments: list[str], exactly: int | None = None, at_least: int | None = None, verb: str = "") -> None:
    """Check the number of arguments. Raises `Misused` in runc's words."""
    if exactly is not None and len(arguments) != exactly:
        raise Misused(f'"{verb}" requires exactly {exactly} argument(s)')
    if at_least is not None and len(arguments) < at_least:
        raise Misused(f'"{verb}" requires a minimum of {at_least} argument(s)')
