"""The 512 bytes of a tar header: where its fields are, how its numbers and its checksum are written.

    old v7     name mode uid gid size mtime checksum type target
    ustar      the same, and then magic `ustar\\0`, owner's names, device, prefix of the name
    GNU        the same with magic `ustar  \\0`; where the prefix would be: times, the map of a sparse file

Source: pax(1), "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

import struct
import zlib
from typing import Final

from engine.archive.refusals import damaged

BLOCK: Final = 512
ZEROS: Final = bytes(BLOCK)

FIELDS: Final = struct.Struct("100s 8s 8s 8s 12s 12s 8s c 100s 8s 32s 32s 8s 8s 155s 12s")
"""name, mode, uid, gid, size, mtime, checksum, type, target, magic and version, uname, gname, devmajor, devminor,
prefix, rest."""
SIZE: Final = slice(124, 136)
TYPE: Final = slice(156, 157)

USTAR: Final = b"ustar\x0000"
GNU: Final = b"ustar  \0"
STAR_MARK: Final = b"tar\0"
"""At the very end of a header of star's, whose prefix is 131 bytes, with times behind it."""
STAR_PREFIX: Final = 131

# pax(1), typeflag
FILE, OLD_FILE, CONTIGUOUS = b"0", b"\0", b"7"
LINK, SYMLINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO = b"1", b"2", b"3", b"4", b"5", b"6"
EXTENDED, SUN_EXTENDED, GLOBAL = b"x", b"X", b"g"
# GNU tar manual, "GNU Extensions to the Archive Format"
LONG_NAME, LONG_TARGET, SPARSE, VOLUME = b"L", b"K", b"S", b"V"
SPARSE_MAP: Final = 386
"""Where the map is in a header of type S."""

_CHECKSUM: Final = slice(148, 156)
NO_CHECKSUM: Final = b" " * 8
"""As what the checksum's own field is summed up."""
_HALF: Final = BLOCK // 2


def padding(size: int) -> int:
    """Bytes from the end of a content of `size` bytes to the next block."""
    return -size % BLOCK


def total(block: bytes) -> int:
    """The sum of the bytes of a block.

    The lower half of an Adler-32 is 1 and this sum, modulo 65521, which half a block cannot reach; it takes
    0.4 us where sum() takes 2.4 us.
    """
    first, second = zlib.adler32(block[:_HALF]), zlib.adler32(block[_HALF:])
    return (first & 0xFFFF) + (second & 0xFFFF) - 2


def check(block: bytes) -> None:
    """Compare a header with its checksum; old programs summed signed bytes. Raises InvalidInput."""
    field = block[_CHECKSUM]
    expected = number(field)
    actual = total(block) - sum(field) + sum(NO_CHECKSUM)
    if expected != actual and expected != actual - 256 * _high_bytes(block):
        raise damaged("a header has a wrong checksum")


def sealed(block: bytes) -> bytes:
    """A header whose checksum is `NO_CHECKSUM`, with its own."""
    return b"%b%06o\0 %b" % (block[: _CHECKSUM.start], total(block), block[_CHECKSUM.stop :])


def _high_bytes(block: bytes) -> int:
    """How many bytes are negative if they are signed, the checksum's own left out."""
    return sum(byte >= 0x80 for byte in block) - sum(byte >= 0x80 for byte in block[_CHECKSUM])


def text(field: bytes) -> bytes:
    """A field up to its first NUL."""
    end = field.find(b"\0")
    return field if end < 0 else field[:end]


def number(field: bytes) -> int:
    """A number in octal digits, or in GNU's base 256. Raises InvalidInput for anything else."""
    digits = field.strip(b" \0")
    if not digits.isdigit():
        return _unusual_number(field)
    return _octal(digits)


def _unusual_number(field: bytes) -> int:
    """An empty field, one with rubbish behind its digits' end, or base 256: the first bit set, then a signed number."""
    if field[0] & 0x80:
        bits = 8 * len(field) - 1
        value = int.from_bytes(field, "big") & ((1 << bits) - 1)
        return value - (1 << bits) if field[0] & 0x40 else value
    digits = text(field.lstrip(b" \0")).split(b" ")[0]
    if digits and not digits.isdigit():
        raise damaged("a header has a number that is none")
    return _octal(digits or b"0")


def _octal(digits: bytes) -> int:
    try:
        return int(digits, 8)
    except ValueError:
        raise damaged("a header has a number that is none") from None
