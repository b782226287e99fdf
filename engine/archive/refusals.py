"""How an archive is refused: each in the same words, and with names that no terminal can take for commands."""

from typing import Final

from engine.errors import InvalidInput

NAME_SHOWN_MAX: Final = 200
"""Bytes of a name that a message repeats."""


def damaged(what: str) -> InvalidInput:
    """The error for an archive that is not what it must be."""
    return InvalidInput(f"the archive is damaged: {what}", hint="make it again, or fetch it again from where it came")


def unsupported(what: str) -> InvalidInput:
    """The error for an archive that may be right, but has what cannot be unpacked."""
    return InvalidInput(f"the archive has {what}", hint="make it without that, for example with tar --format=pax")


def beyond(what: str, variable: str = "") -> InvalidInput:
    """The error for an archive that is larger than allowed; `variable` of the environment raises the limit."""
    hint = f"set {variable} to more, if you trust where it came from" if variable else "nothing raises this limit"
    return InvalidInput(f"the archive is too large: {what}", hint=hint)


def quoted(name: bytes) -> str:
    """A name for a message: what is not printable is escaped, and what is long is cut."""
    cut = name[:NAME_SHOWN_MAX]
    text = cut.decode("utf-8", "backslashreplace")
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    return f"{shown}..." if len(cut) < len(name) else shown
