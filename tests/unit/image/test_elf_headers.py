"""What the ELF parser reads, and that nothing a stranger writes makes it do anything but refuse."""

import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.elf_files import AARCH64, elf_file

from engine.errors import InvalidInput
from engine.image.builtin import elf


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_program_says_what_it_needs_in_every_class_and_byte_order(bits: int, order: str) -> None:
    data = elf_file(
        bits=bits,
        order=order,
        machine=AARCH64,
        interpreter="/lib/ld-linux.so.1",
        needed=("libc.so.6", "libm.so.6"),
        rpath="/opt/a",
        runpath="$ORIGIN/../lib:/opt/b",
        soname="libx.so.1",
    )
    assert elf.parse(data, "x") == elf.Elf(
        bits=bits,
        big_endian=order == ">",
        machine=AARCH64,
        interpreter="/lib/ld-linux.so.1",
        needed=("libc.so.6", "libm.so.6"),
        rpath=("/opt/a",),
        runpath=("$ORIGIN/../lib", "/opt/b"),
        soname="libx.so.1",
    )


def test_a_static_program_needs_nothing() -> None:
    header = elf.parse(elf_file(), "x")
    assert header is not None
    assert (header.interpreter, header.needed) == ("", ())


def test_a_script_is_no_elf_file() -> None:
    assert elf.parse(b"#!/bin/sh\n", "x") is None
    assert elf.parse(b"", "x") is None


def test_the_running_interpreter_is_read_as_the_system_loads_it() -> None:
    with open(sys.executable, "rb") as file:
        header = elf.parse(file.read(), sys.executable)
    assert header is not None
    assert header.bits == struct.calcsize("P") * 8
    assert header.big_endian == (sys.byteorder == "big")


def test_a_damaged_file_is_refused_in_words() -> None:
    with pytest.raises(InvalidInput, match="/bin/x is a damaged ELF file"):
        elf.parse(elf_file(needed=("libc.so.6",))[:80], "/bin/x")


def test_too_many_program_headers_are_refused() -> None:
    data = bytearray(elf_file())
    struct.pack_into("<H", data, 56, elf.PROGRAM_HEADERS_MAX + 1)
    with pytest.raises(InvalidInput, match="too many program headers"):
        elf.parse(bytes(data), "x")


def test_a_dynamic_section_without_end_is_refused() -> None:
    data = bytearray(elf_file(needed=("libc.so.6",)))
    endless = struct.pack("<QQ", 100, 0) * (elf.DYNAMIC_ENTRIES_MAX + 1)
    struct.pack_into("<QQQQ", data, 64 + 56 + 8, len(data), 0, 0, len(endless))
    with pytest.raises(InvalidInput, match="dynamic section is too long"):
        elf.parse(bytes(data) + endless, "x")


@given(st.integers(min_value=0))
def test_a_file_cut_anywhere_is_read_or_refused(length: int) -> None:
    data = elf_file(interpreter="/lib/ld.so", needed=("libc.so.6",), runpath="/opt")
    _read_or_refuse(data[: length % len(data)])


@given(st.lists(st.tuples(st.integers(min_value=4), st.binary(min_size=1, max_size=8)), max_size=12))
def test_a_file_with_anything_written_over_it_is_read_or_refused(patches: list[tuple[int, bytes]]) -> None:
    data = bytearray(elf_file(interpreter="/lib/ld.so", needed=("libc.so.6",), runpath="/opt"))
    for offset, patch in patches:
        at = offset % len(data)
        data[at : at + len(patch)] = patch
    _read_or_refuse(bytes(data))


@given(st.binary(max_size=400))
def test_rubbish_behind_the_magic_is_read_or_refused(rubbish: bytes) -> None:
    _read_or_refuse(elf.MAGIC + rubbish)


def _read_or_refuse(data: bytes) -> None:
    try:
        header = elf.parse(data, "x")
    except InvalidInput:
        return
    assert header is None or all(len(name) <= elf.STRING_MAX for name in header.needed)
