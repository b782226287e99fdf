"""Archives that want all memory and all time: `python tar_bombs.py NAME` reads one and says how it went.

One JSON object: `message` of the refusal, null where there was none, and `peak_kib`, the most memory that was used.
"""

import io
import itertools
import json
import sys
import zlib
from collections.abc import Iterable

import zstandard
from support.tar_blocks import END, GNU, extended, header, padded, pax, record, sealed

from engine.archive.compression import decompressed
from engine.archive.limits import Limits
from engine.archive.reader import Reader
from engine.archive.streams import Source
from engine.errors import InvalidInput

BYTES_MAX = 256 << 20
LIMITS = Limits(bytes_max=BYTES_MAX, entries_max=100_000)


class Endless:
    """A source out of an iterator of pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._piece = b""

    def read(self, size: int, /) -> bytes:
        if not self._piece:
            self._piece = next(self._pieces, b"")
        data, self._piece = self._piece[:size], self._piece[size:]
        return data


def zeros_in_gzip() -> Source:
    """Ten gigabytes of zeros in ten megabytes."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    part = compressor.compress(bytes(100 << 20)) + compressor.flush()
    return Endless([part] * 100)


def a_file_in_gzip() -> Source:
    """One file that fills the limit, and more behind it."""
    start, member = zlib.compressobj(1, zlib.DEFLATED, 31), zlib.compressobj(9, zlib.DEFLATED, 31)
    head = start.compress(header(size=BYTES_MAX - 512)) + start.flush()
    zeros = member.compress(bytes(64 << 20)) + member.flush()
    return Endless([head, *[zeros] * 6])


def window_of_zstd() -> Source:
    """The largest window that is accepted, all of it used."""
    settings = zstandard.ZstdCompressionParameters.from_level(1, window_log=27)
    compressor = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    pieces = [compressor.compress(header(size=BYTES_MAX // 2) + bytes(BYTES_MAX // 2)), compressor.flush()]
    return Endless(pieces)


def members() -> Source:
    """Tiny members without end."""
    block = header(b"x" * 90)
    return Endless(itertools.repeat(block * 1000))


def links() -> Source:
    """Members with as much in their headers as is allowed, without end."""
    member = extended(record(b"SCHILY.xattr.user.a", b"v" * 1_000_000)) + header(b"x")
    return Endless(itertools.repeat(member))


def extended_header() -> Source:
    """An extended header of eight gigabytes."""
    return Endless(itertools.chain([header(b"x", b"x", size=(8 << 30) - 1)], itertools.repeat(bytes(1 << 20))))


def long_names() -> Source:
    """Long names, one after the other, for a member that never comes."""
    return Endless(itertools.repeat(extended(b"n" * 100_000, b"L")))


def global_headers() -> Source:
    """Headers for all members, each with another key."""
    return Endless(extended(record(b"key%d" % number, b"v" * 100_000), b"g") + header() for number in itertools.count())


def map_in_headers() -> Source:
    """GNU's map of a sparse file, continued in block after block."""
    block = header(b"x", b"S", size=1, magic=GNU)
    first = sealed(block[:482] + b"\1" + block[483:])
    more = b"".join(b"%011o\0%011o\0" % (number, 0) for number in range(21)) + b"\1" + bytes(7)
    return Endless(itertools.chain([first], itertools.repeat(more)))


def map_in_content() -> Source:
    """A map of ten million pieces before a file."""
    records = {"GNU.sparse.major": b"1", "GNU.sparse.minor": b"0", "GNU.sparse.realsize": b"9"}
    start = pax(**records) + header(size=BYTES_MAX // 2)
    return Endless(itertools.chain([start, b"10000000\n"], itertools.repeat(b"1\n0\n" * 1000)))


def map_without_lines() -> Source:
    """A map whose first line never ends."""
    records = {"GNU.sparse.major": b"1", "GNU.sparse.minor": b"0", "GNU.sparse.realsize": b"9"}
    return Endless(itertools.chain([pax(**records) + header(size=BYTES_MAX // 2)], itertools.repeat(b"1" * 512)))


def holes() -> Source:
    """A file of an exabyte, all of it a hole."""
    return io.BytesIO(pax(**{"GNU.sparse.map": b"", "GNU.sparse.size": b"%d" % (1 << 60)}) + header() + END)


def behind_the_end() -> Source:
    """More and more after the end."""
    return Endless(itertools.chain([header() + padded(b"") + END], itertools.repeat(bytes(1 << 20))))


BOMBS = (
    zeros_in_gzip,
    a_file_in_gzip,
    window_of_zstd,
    members,
    links,
    extended_header,
    long_names,
    global_headers,
    map_in_headers,
    map_in_content,
    map_without_lines,
    holes,
    behind_the_end,
)


def explode(source: Source) -> str | None:
    """Read everything; the words of the refusal."""
    try:
        reader = Reader(decompressed(source)[1], LIMITS)
        for _member in reader:
            for _piece in reader.content():
                pass
        reader.drain()
    except InvalidInput as err:
        return err.message
    return None


def _forget_peak() -> None:
    """Making a bomb takes memory too."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def _peak_kib() -> int:
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


def main() -> None:
    """Read the bomb that the command line names."""
    bomb = next(bomb for bomb in BOMBS if bomb.__name__ == sys.argv[1])()
    _forget_peak()
    json.dump({"message": explode(bomb), "peak_kib": _peak_kib()}, sys.stdout)


if __name__ == "__main__":
    main()
