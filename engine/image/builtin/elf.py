"""What an ELF file says of itself: for which machine it is, which interpreter loads it, which libraries it needs.

A pure parser over bytes. Every offset and count is checked and bounded, because the file may be anything.

Source: elf(5); System V ABI, chapters 4 and 5.
"""

import struct
from collections.abc import Iterator
from mmap import mmap
from typing import Final, NamedTuple

from engine.errors import InvalidInput

Bytes = bytes | mmap

MAGIC: Final = b"\x7fELF"
PROGRAM_HEADERS_MAX: Final = 512
DYNAMIC_ENTRIES_MAX: Final = 8192
STRING_MAX: Final = 4096

# elf(5), e_ident
_EI_CLASS, _EI_DATA = 4, 5
_CLASS_BITS: Final = {1: 32, 2: 64}
_BYTE_ORDERS: Final = {1: "<", 2: ">"}

# elf(5), p_type and d_tag
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 14, 15, 29


class Elf(NamedTuple):
    """What the loader needs to know of one program or library."""

    bits: int
    """32 or 64."""
    big_endian: bool
    machine: int
    """e_machine: 62 is x86-64, 183 is AArch64."""
    interpreter: str
    """The path of the loader; empty for a library or a static program."""
    needed: tuple[str, ...]
    rpath: tuple[str, ...]
    runpath: tuple[str, ...]
    soname: str

    def fits(self, other: "Elf") -> bool:
        """Whether one process can hold both."""
        return (self.bits, self.big_endian, self.machine) == (other.bits, other.big_endian, other.machine)


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    size: int


class _Layout(NamedTuple):
    """The shapes of one class and byte order."""

    order: str
    bits: int
    data: Bytes

    def unpack(self, shape: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self.order + shape, self.data, offset)

    def string(self, offset: int, size: int = STRING_MAX) -> str:
        """The text at `offset` up to its zero byte, `size` bytes at most."""
        raw = self.data[offset : offset + min(size, STRING_MAX)]
        text, end, _ = raw.partition(b"\0")
        if not end:
            raise ValueError("a string has no end")
        return text.decode("utf-8", "surrogateescape")


def parse(data: Bytes, name: str) -> Elf | None:
    """Read the headers; None where it is no ELF file. Raises InvalidInput, which calls the file `name`."""
    if data[:4] != MAGIC:
        return None
    try:
        return _parse(data)
    except (ValueError, IndexError, struct.error, OverflowError) as err:
        raise InvalidInput(f"{name} is a damaged ELF file: {err}", hint="install its package again") from err


def _parse(data: Bytes) -> Elf:
    bits, order = _CLASS_BITS.get(data[_EI_CLASS]), _BYTE_ORDERS.get(data[_EI_DATA])
    if bits is None or order is None:
        raise ValueError("its class or byte order is unknown")
    layout = _Layout(order, bits, data)
    segments = list(_segments(layout))
    dynamic = _dynamic(layout, segments)
    return Elf(
        bits=bits,
        big_endian=order == ">",
        machine=layout.unpack("H", 18)[0],
        interpreter=next((layout.string(s.offset, s.size) for s in segments if s.kind == _PT_INTERP), ""),
        needed=tuple(dynamic.get(_DT_NEEDED, ())),
        rpath=_folders(dynamic.get(_DT_RPATH, [])),
        runpath=_folders(dynamic.get(_DT_RUNPATH, [])),
        soname="".join(dynamic.get(_DT_SONAME, [])[:1]),
    )


def _segments(layout: _Layout) -> Iterator[_Segment]:
    """The program headers; their fields stand in another order in 32 bits."""
    if layout.bits == 64:
        offset, (size, count) = layout.unpack("Q", 32)[0], layout.unpack("HH", 54)
    else:
        offset, (size, count) = layout.unpack("I", 28)[0], layout.unpack("HH", 42)
    if count > PROGRAM_HEADERS_MAX:
        raise ValueError("it has too many program headers")
    for number in range(count):
        at = offset + number * size
        if layout.bits == 64:
            kind, _, start, address, _, length = layout.unpack("IIQQQQ", at)
        else:
            kind, start, address, _, length = layout.unpack("IIIII", at)
        yield _Segment(kind, start, address, length)


def _dynamic(layout: _Layout, segments: list[_Segment]) -> dict[int, list[str]]:
    """The strings of the dynamic section by their tag; empty for a static program."""
    segment = next((s for s in segments if s.kind == _PT_DYNAMIC), None)
    if segment is None:
        return {}
    entries = list(_dynamic_entries(layout, segment))
    table = next((value for tag, value in entries if tag == _DT_STRTAB), None)
    wanted = [(tag, value) for tag, value in entries if tag in {_DT_NEEDED, _DT_SONAME, _DT_RPATH, _DT_RUNPATH}]
    if table is None:
        if wanted:
            raise ValueError("it has no string table")
        return {}
    start = _file_offset(segments, table)
    strings: dict[int, list[str]] = {}
    for tag, value in wanted:
        strings.setdefault(tag, []).append(layout.string(start + value))
    return strings


def _dynamic_entries(layout: _Layout, segment: _Segment) -> Iterator[tuple[int, int]]:
    shape = "QQ" if layout.bits == 64 else "II"
    step = struct.calcsize("=" + shape)
    for number in range(segment.size // step):
        if number == DYNAMIC_ENTRIES_MAX:
            raise ValueError("its dynamic section is too long")
        tag, value = layout.unpack(shape, segment.offset + number * step)
        if tag == _DT_NULL:
            return
        yield tag, value


def _file_offset(segments: list[_Segment], address: int) -> int:
    """Where in the file the byte lies that is loaded at `address`."""
    for segment in segments:
        if segment.kind == _PT_LOAD and segment.address <= address < segment.address + segment.size:
            return segment.offset + address - segment.address
    raise ValueError("its string table is not in the file")


def _folders(paths: list[str]) -> tuple[str, ...]:
    return tuple(folder for path in paths for folder in path.split(":") if folder)
