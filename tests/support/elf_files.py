"""ELF files of our own making: headers and a dynamic section, and no code at all."""

import struct

X86_64, AARCH64, I386 = 62, 183, 3
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 1, 5, 14, 15, 29
ADDRESS = 0x10000
"""Where byte 0 of the file is loaded."""


def elf_file(
    *,
    bits: int = 64,
    order: str = "<",
    machine: int = X86_64,
    interpreter: str = "",
    needed: tuple[str, ...] = (),
    rpath: str = "",
    runpath: str = "",
    soname: str = "",
) -> bytes:
    """A file with these headers; static where it names nothing."""
    strings = bytearray(b"\0")

    def text(value: str) -> int:
        strings.extend(value.encode() + b"\0")
        return len(strings) - 1 - len(value.encode())

    entries = [(_DT_NEEDED, text(name)) for name in needed]
    entries += [(tag, text(value)) for tag, value in _named(soname, rpath, runpath) if value]
    word, header_size, entry_size = ("Q", 64, 56) if bits == 64 else ("I", 52, 32)
    segments = 1 + bool(entries) + bool(interpreter)
    strings_at = header_size + segments * entry_size
    interpreter_at = strings_at + len(strings)
    dynamic_at = interpreter_at + len(interpreter) + 1
    dynamic = b"".join(
        struct.pack(order + word * 2, *entry) for entry in [*entries, (_DT_STRTAB, ADDRESS + strings_at), (0, 0)]
    )
    headers = [_segment(bits, order, _PT_LOAD, 0, dynamic_at + len(dynamic))]
    if entries:
        headers.append(_segment(bits, order, _PT_DYNAMIC, dynamic_at, len(dynamic)))
    if interpreter:
        headers.append(_segment(bits, order, _PT_INTERP, interpreter_at, len(interpreter) + 1))
    return b"".join(
        (
            _header(bits, order, machine, header_size, entry_size, segments),
            *headers,
            strings,
            interpreter.encode() + b"\0",
            dynamic,
        )
    )


def _named(soname: str, rpath: str, runpath: str) -> list[tuple[int, str]]:
    return [(_DT_SONAME, soname), (_DT_RPATH, rpath), (_DT_RUNPATH, runpath)]


def _header(bits: int, order: str, machine: int, size: int, entry_size: int, segments: int) -> bytes:
    ident = b"\x7fELF" + bytes([2 if bits == 64 else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    word = "Q" if bits == 64 else "I"
    shape = f"{order}HHI{word * 3}IHHHHHH"
    return ident + struct.pack(shape, 3, machine, 1, 0, size, 0, 0, size, entry_size, segments, 0, 0, 0)


def _segment(bits: int, order: str, kind: int, offset: int, size: int) -> bytes:
    address = ADDRESS + offset
    if bits == 64:
        return struct.pack(f"{order}IIQQQQQQ", kind, 4, offset, address, address, size, size, 1)
    return struct.pack(f"{order}IIIIIIII", kind, offset, address, address, size, size, 4, 1)
