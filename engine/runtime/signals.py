"""Signals by name or number, as runc takes them. Pure."""

import signal

from engine.errors import InvalidInput


def parse(text: str) -> int:
    """`TERM`, `SIGTERM`, `sigterm` or `15`. Raises `InvalidInput`."""
    if text.isascii() and text.isdigit():
        return int(text[:4])
    name = text.upper()
    name = name if name.startswith("SIG") else f"SIG{name}"
    found = getattr(signal, name, None)
    if not isinstance(found, signal.Signals):
        raise InvalidInput(f'unknown signal "{text}"', hint="a name such as TERM, or a number")
    return int(found)
