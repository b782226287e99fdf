"""Programs that make one system call and exit with what it said: static ELF files, made by hand for x86_64."""

import os
import struct
from typing import Final

BASE: Final = 0x40_0000
_HEADERS: Final = 64 + 56
DATA: Final = BASE + _HEADERS
"""Where a call's data lies; below 4 GiB, so that calls of 32 bits reach it too."""
_REGISTERS: Final = (b"\x48\xb8", b"\x48\xbf", b"\x48\xbe", b"\x48\xba", b"\x49\xba", b"\x49\xb8", b"\x49\xb9")
"""mov rax, rdi, rsi, rdx, r10, r8, r9."""
_REGISTERS_32: Final = (b"\xb8", b"\xbb", b"\xb9", b"\xba", b"\xbe", b"\xbf", b"\xbd")
"""mov eax, ebx, ecx, edx, esi, edi, ebp."""
_EXIT: Final = bytes.fromhex("89c7 85c0 7902 f7df b83c000000 0f05")
"""mov edi, eax; test eax, eax; jns +2; neg edi; mov eax, 60; syscall: the errno, or the low byte of the result."""


def write_probe(path: str, number: int, *arguments: int, data: bytes = b"", wide: bool = True) -> None:
    """A program that makes the call; `wide` false: as a program of 32 bits makes it, by int 0x80."""
    code = _wide(number, *arguments) if wide else _narrow(number, *arguments)
    image = data + code + _EXIT
    with open(path, "wb") as file:
        file.write(_header(DATA + len(data)) + _segment(_HEADERS + len(image)) + image)
    os.chmod(path, 0o755)


def _wide(*values: int) -> bytes:
    moves = (move + struct.pack("Q", value) for move, value in zip(_REGISTERS, values, strict=False))
    return b"".join(moves) + b"\x0f\x05"


def _narrow(*values: int) -> bytes:
    moves = (move + struct.pack("I", value) for move, value in zip(_REGISTERS_32, values, strict=False))
    return b"".join(moves) + b"\xcd\x80"


def _header(entry: int) -> bytes:
    """Source: elf(5)."""
    return (
        b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("HHIQQQIHHHHHH", 2, 62, 1, entry, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    )


def _segment(size: int) -> bytes:
    """Everything readable and executable, from the start of the file."""
    return struct.pack("IIQQQQQQ", 1, 5, 0, BASE, BASE, size, size, 0x1000)
