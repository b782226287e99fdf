"""What a container prints, made safe to show: colours and styles are kept, every other control is taken out.

A log is written by strangers. Beyond SGR an escape sequence can move the cursor over our own text, set the title,
write the clipboard, or make the terminal answer as if the operator had typed.
Source: ECMA-48, 5.3 to 5.6, for the forms of escape sequences; xterm's "Control Sequences" for what they do.
"""

import re
from typing import Final

from tui.sgr import PLAIN, Look, apply

LINE_MAX: Final = 4096
"""Characters of one line that are looked at; a longer one is cut and says so."""
TAB: Final = 8

Span = tuple[str, Look]

_SEQUENCE: Final = re.compile(
    r"""
    (?:\x1b\[|\x9b) (?P<parameters>[0-?]*) (?P<between>[ -/]*) (?P<final>[@-~]?)   # CSI, perhaps cut off
    | (?:\x1b[\]P_^X]|[\x90\x98\x9d-\x9f]) .*? (?:\x07|\x1b\\|\x9c|$)             # OSC, DCS, APC, PM, SOS: to their end
    | \x1b [ -/]* [0-~]?                                                          # any other escape
    """,
    re.VERBOSE | re.DOTALL,
)


def spans(line: str) -> list[Span]:
    """One line of output as stretches of printable text. Each line begins in the default style.

    Where a line returns to its beginning (a progress bar), what was written last is shown.
    """
    text = line.rstrip("\r\n").rpartition("\r")[2]
    found = _split(text[:LINE_MAX])
    return found if len(text) <= LINE_MAX else [*found, ("…", PLAIN)]


def plain(text: str) -> str:
    """Any text of a stranger (a name, an error, a command) as printable characters only; U+FFFD for the others."""
    if text.isprintable():
        return text
    return "".join(map(_printable, text))


def _split(text: str) -> list[Span]:
    found: list[Span] = []
    look, end, column = PLAIN, 0, 0
    for match in _SEQUENCE.finditer(text):
        column = _append(found, text[end : match.start()], look, column)
        end = match.end()
        if match["final"] == "m" and not match["between"]:
            look = apply(look, match["parameters"])
    _append(found, text[end:], look, column)
    return found


def _append(found: list[Span], text: str, look: Look, column: int) -> int:
    """Add a stretch without its controls; returns the column behind it."""
    if not text.isprintable():
        text = (" " * column + text).expandtabs(TAB)[column:]
        text = "".join(map(_visible, text))
    if text:
        found.append((text, look))
    return column + len(text)


def _visible(char: str) -> str:
    """Controls of a log are left out without a trace: programs print them on purpose."""
    return "" if ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 else _printable(char)


def _printable(char: str) -> str:
    if char.isprintable():
        return char
    return " " if char.isspace() else "\ufffd"
