"""The headers before a member's content: its own, and before it those that only say more about it.

    g       for all members that follow
    x       for the next member
    L  K    a long name, a long target of the next member, GNU's way
    V       the name of the volume: passed over

Source: pax(1), "pax Extended Header"; GNU tar manual, "GNU Extensions to the Archive Format".
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from engine.archive import blocks, extended, fields
from engine.archive.blocks import padding
from engine.archive.fields import Fields
from engine.archive.intake import Intake
from engine.archive.limits import ENTRIES_VARIABLE, Limits
from engine.archive.refusals import beyond, damaged

_ABOUT_THE_NEXT: Final = frozenset(
    {
        blocks.EXTENDED,
        blocks.SUN_EXTENDED,
        blocks.GLOBAL,
        blocks.LONG_NAME,
        blocks.LONG_TARGET,
        blocks.VOLUME,
    }
)
_NOTHING: Final[Mapping[bytes, bytes]] = {}


class Headers:
    """Reads the headers of one archive."""

    def __init__(self, intake: Intake, limits: Limits) -> None:
        self._intake = intake
        self._limits = limits
        self._entries = 0
        self._global: dict[bytes, bytes] = {}

    def next(self) -> Fields | None:
        """The next member's, complete; None at the end of the archive. Raises InvalidInput."""
        block, records, names = self._next_block(), _NOTHING, _NOTHING
        if block[blocks.TYPE] in _ABOUT_THE_NEXT:
            block, records, names = self._announced(block)
        if not block:
            if records or names:
                raise damaged("it ends before the member that its last header is about")
            return None
        self._entries += 1
        if self._entries > self._limits.entries_max:
            raise beyond(f"more than {self._limits.entries_max} entries", ENTRIES_VARIABLE)
        return _complete(fields.parse(block), {**self._global, **records}, names)

    def _announced(self, block: bytes) -> tuple[bytes, Mapping[bytes, bytes], Mapping[bytes, bytes]]:
        """The next member's header, and from those before it pax's records and GNU's names by their type."""
        records: dict[bytes, bytes] = {}
        names: dict[bytes, bytes] = {}
        room = self._limits.header_bytes_max
        while (kind := block[blocks.TYPE]) in _ABOUT_THE_NEXT:
            size = blocks.number(block[blocks.SIZE])
            room -= blocks.BLOCK + size
            body = self._body(size, room)
            if kind == blocks.GLOBAL:
                self._set_global(body)
            elif kind in {blocks.LONG_NAME, blocks.LONG_TARGET}:
                names[kind] = blocks.text(body)
            elif kind != blocks.VOLUME:
                records = extended.parse(body)
            block = self._next_block()
        return block, records, names

    def _next_block(self) -> bytes:
        """The next header of whatever type; empty at the end: two blocks of zeros, or none.

        As others do, a single block of zeros at the very end is taken for an end too.
        """
        block = self._intake.block()
        if block == blocks.ZEROS:
            if self._intake.block() not in {b"", blocks.ZEROS}:
                raise damaged("there is something behind its end")
            return b""
        if block:
            blocks.check(block)
        return block

    def _body(self, size: int, room: int) -> bytes:
        if size < 0:
            raise damaged("it has a header of a negative size")
        if room < 0:
            raise beyond(f"a member's headers have more than {self._limits.header_bytes_max} bytes")
        body = self._intake.exactly(size)
        self._intake.exactly(padding(size))
        return body

    def _set_global(self, body: bytes) -> None:
        """An empty value takes a record back."""
        records = extended.parse(body)
        extended.check_global(records)
        self._global = {key: value for key, value in (self._global | records).items() if value}
        if sum(map(len, self._global)) + sum(map(len, self._global.values())) > self._limits.header_bytes_max:
            raise beyond(f"headers for all its members have more than {self._limits.header_bytes_max} bytes")


def _complete(found: Fields, records: Mapping[bytes, bytes], names: Mapping[bytes, bytes]) -> Fields:
    """A header with what the ones before it say. Where GNU's and pax's differ, GNU's counts, as in Go's archive/tar."""
    if records:
        found = fields.override(found, records)
    if names:
        path = names.get(blocks.LONG_NAME) or found.path
        target = names.get(blocks.LONG_TARGET) or found.target
        found = msgspec.structs.replace(found, path=path, target=target)
    return found
