"""How much an archive may ask for. Nothing of it is believed before it fits in here."""

import os
from typing import Final, NamedTuple

from engine.errors import InvalidInput

BYTES_VARIABLE: Final = "QUARTERDECK_LAYER_BYTES_MAX"
ENTRIES_VARIABLE: Final = "QUARTERDECK_LAYER_ENTRIES_MAX"


class Limits(NamedTuple):
    """Ceilings for one archive. The first two are a user's to raise, the others follow from memory and the kernel."""

    bytes_max: int = 64 << 30
    """Of the archive without its compression, and of all its files with their holes, each for itself."""
    entries_max: int = 2_000_000
    header_bytes_max: int = 1 << 20
    """Extended headers of one member; those for the whole archive likewise."""
    path_max: int = 4096
    """Bytes of a path and of a link's target. Source: PATH_MAX of limits.h."""
    pieces_max: int = 100_000
    """Pieces of a sparse file; each takes some 150 bytes of memory."""


def from_environment() -> Limits:
    """The limits with what the user has set. Raises InvalidInput where that is no positive number."""
    default = Limits()
    return default._replace(
        bytes_max=_number(BYTES_VARIABLE, default.bytes_max),
        entries_max=_number(ENTRIES_VARIABLE, default.entries_max),
    )


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 20 and int(text)):
        raise InvalidInput(
            f"{variable} is not a positive number", hint=f"set it to a number, as {default}, or unset it"
        )
    return int(text)
