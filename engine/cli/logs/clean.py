"""Output of a container made safe for the operator's terminal: colour and style stay, nothing else acts.

A log may have been written to be read by an administrator: escape sequences can retitle the window, write the
clipboard, answer as if typed, or paint over other lines.
"""

import codecs
import re
from typing import Final

_SEQUENCE_MAX: Final = 4096
"""A string sequence that is longer is taken for text: an open one must not swallow the rest of a log."""

_STYLE: Final = re.compile(r"\x1b\[[0-9;:]*m")
_ACTIVE: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI ... final
    rf"|\x1b[\]PX^_][^\x07\x1b]{{0,{_SEQUENCE_MAX}}}(?:\x07|\x1b\\)"  # OSC, DCS, SOS, PM, APC ... BEL or ST
    r"|\x1b[ -/]+[0-~]"  # two or more bytes, such as the choice of a character set
    r"|\x1b[0-Z\\^-~]"  # one byte after ESC
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"  # C0 but tab and line end, DEL, C1
    r"|[\u200e\u200f\u202a-\u202e\u2066-\u2069]"  # the direction of writing
)
_OPEN: Final = re.compile(rf"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]{{0,{_SEQUENCE_MAX}}}\x1b?|[ -/]*)?\Z")


class Cleaner:
    """Cleans one stream that comes in pieces."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def feed(self, data: bytes) -> bytes:
        """What of it may be shown; a sequence or a character that is not complete is held back."""
        text = self._held + self._decoder.decode(data)
        unfinished = _OPEN.search(text, max(0, len(text) - _SEQUENCE_MAX))
        cut = unfinished.start() if unfinished else len(text)
        self._held = text[cut:]
        return clean(text[:cut]).encode()


def clean(text: str) -> str:
    """The text with its styles, tabs and line ends, and nothing else that a terminal acts on."""
    return _ACTIVE.sub(lambda match: match[0] if _STYLE.fullmatch(match[0]) else "", text)
