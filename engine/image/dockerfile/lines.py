"""Instructions one by one: continued lines joined, comments left out; arguments as JSON or as words."""

from typing import Final, NamedTuple

import msgspec

from engine.errors import InvalidInput

TEXT_MAX: Final = 1 << 20
"""Characters of all instructions together."""


class Line(NamedTuple):
    """One instruction."""

    name: str
    """In upper case, such as ENV."""
    rest: str
    """What follows it."""


def read(instructions: list[str]) -> list[Line]:
    """The instructions of all texts, which count as one after the other. Raises InvalidInput."""
    text = "\n".join(instructions)
    if len(text) > TEXT_MAX:
        raise InvalidInput("the changes to the image's config are too long", hint="1 MiB is the most")
    if "\0" in text:
        raise InvalidInput("a change to the image's config has a NUL byte in it", hint="leave it out")
    lines, waiting = [], ""
    for line in text.split("\n"):
        if line.lstrip().startswith("#"):
            continue
        waiting += line
        if waiting.rstrip(" \t\r").endswith("\\"):
            waiting = waiting.rstrip(" \t\r")[:-1]
            continue
        lines.append(waiting)
        waiting = ""
    return [_line(line) for line in (*lines, waiting) if line.strip()]


def json_words(rest: str) -> list[str] | None:
    """The strings of a JSON list; None where it is not JSON, and so a line of words. Raises InvalidInput."""
    if not rest.startswith("["):
        return None
    try:
        return msgspec.json.decode(rest, type=list[str])
    except msgspec.ValidationError as err:
        raise InvalidInput(f"{rest[:60]!r} is a list of other things than strings", hint='write ["a", "b"]') from err
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def _line(text: str) -> Line:
    name, *rest = text.split(None, 1)
    return Line(name.upper(), rest[0].strip() if rest else "")
