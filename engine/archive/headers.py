"""The headers before a member's content: its own, and before it those that only say more about it.

g                  for all members that follow
x                  for the next member
L  K               a long name, a long target of the next member, GNU's way
V                  the name of the volume: passed over
"""

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


class Headers:
    """Reads the headers of one archive."""

    def __init__(self, intake: Intake, limits: Limits) -> None:
        self._intake = intake
        self._limits = limits
        self._entries = 0
        self._global: dict[bytes, bytes] = {}

    def next(self) -> Fields | None:
        """The next member's, complete; None at the end of the archive. Raises InvalidInput."""
        found = self._next_block()
        if found is None or found.type not in _ABOUT_THE_NEXT:
            return found if found is None or not self._global else fields.override(found, self._global)
        return self._announced(found)

    def _announced(self, found: Fields | None) -> Fields | None:
        """Gather what the headers up to the next member say about it."""
        about: dict[bytes, bytes] = {}
        records: dict[bytes, bytes] = {}
        room = self._limits.header_bytes_max
        while found is not None and found.type in _ABOUT_THE_NEXT:
            room -= blocks.BLOCK + max(found.size, 0)
            body = self._body(found.size, room)
            if found.type == blocks.GLOBAL:
                self._set_global(body)
            elif found.type in {blocks.EXTENDED, blocks.SUN_EXTENDED}:
                records = extended.parse(body)
            else:
                about[found.type] = blocks.text(body)
            found = self._next_block()
        if found is not None:
            return _complete(found, self._global | records, about)
        if records or about.keys() - {blocks.VOLUME}:
            raise damaged("it ends before the member that its last header is about")
        return None

    def _next_block(self) -> Fields | None:
        """The next header of whatever type; None at the end: a block of zeros, which a second one follows, or no block.

        As others do, a single block of zeros at the very end is taken for an end too.
        """
        block = self._intake.block()
        if block == blocks.ZEROS:
            if self._intake.block() not in {b"", blocks.ZEROS}:
                raise damaged("there is something behind its end")
            return None
        if not block:
            return None
        self._entries += 1
        if self._entries > self._limits.entries_max:
            raise beyond(f"more than {self._limits.entries_max} entries", ENTRIES_VARIABLE)
        return fields.parse(block)

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


def _complete(found: Fields, records: dict[bytes, bytes], about: dict[bytes, bytes]) -> Fields:
    """A header with what the ones before it say. Where GNU's and pax's differ, GNU's counts, as in Go's archive/tar."""
    if records:
        found = fields.override(found, records)
    if blocks.LONG_NAME in about or blocks.LONG_TARGET in about:
        path = about.get(blocks.LONG_NAME) or found.path
        target = about.get(blocks.LONG_TARGET) or found.target
        found = msgspec.structs.replace(found, path=path, target=target)
    return found
