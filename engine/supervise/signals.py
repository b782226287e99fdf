"""Signals by name or number, as an operator gives them. Pure."""

import signal

from engine import errors


def signal_number(name: str) -> int:
    """A signal by name, with or without SIG, in any case, or by number. Raises `InvalidInput`."""
    text = name.strip().upper()
    if text.isdecimal() and len(text) < 3 and int(text) in set(signal.Signals):
        return int(text)
    try:
        return signal.Signals[text if text.startswith("SIG") else f"SIG{text}"].value
    except KeyError:
        raise errors.InvalidInput(
            f"there is no signal {name[:32]!r}", hint="name one, such as TERM, KILL or HUP"
        ) from None
