"""Signals by name or number, as runc takes them. Pure."""

import re
import signal
from typing import Final

from engine.errors import InvalidInput

_REAL_TIME: Final = re.compile(r"SIG(RTMIN\+|RTMAX-)([0-9]{1,2})")
"""As crun takes them; systemd in a container is ended by RTMIN+3."""


def parse(text: str) -> int:
    """`TERM`, `SIGTERM`, `sigterm`, `RTMIN+3`, `RTMAX-1` or `15`. Raises `InvalidInput`."""
    if text.isascii() and text.isdigit():
        return int(text[:4])
    name = text.upper()
    name = name if name.startswith("SIG") else f"SIG{name}"
    if (real_time := _REAL_TIME.fullmatch(name)) is not None:
        return _real_time(real_time[1], int(real_time[2]))
    found = getattr(signal, name, None)
    if not isinstance(found, signal.Signals):
        raise InvalidInput(f'unknown signal "{text}"', hint="a name such as TERM, or a number")
    return int(found)


def _real_time(base: str, offset: int) -> int:
    number = signal.SIGRTMIN + offset if base == "RTMIN+" else signal.SIGRTMAX - offset
    if not signal.SIGRTMIN <= number <= signal.SIGRTMAX:
        raise InvalidInput(f"there is no signal {base}{offset}", hint="RTMIN+0 to RTMIN+30")
    return number
