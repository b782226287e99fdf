"""bpf(2), as far as a program that guards a cgroup's devices needs it, and an assembler for it. Standard library only.

Source: bpf(2); linux/bpf.h; Documentation/bpf/standardization/instruction-set.rst.
"""

import ctypes
import os
import struct
from typing import Final

from engine.kernel import syscalls

BPF_PROG_LOAD: Final = 5
BPF_PROG_ATTACH: Final = 8
BPF_PROG_TYPE_CGROUP_DEVICE: Final = 15
BPF_CGROUP_DEVICE: Final = 6
BPF_F_ALLOW_MULTI: Final = 1 << 1

BPF_DEVCG_ACC_MKNOD: Final = 1
BPF_DEVCG_ACC_READ: Final = 2
BPF_DEVCG_ACC_WRITE: Final = 4
BPF_DEVCG_DEV_BLOCK: Final = 1
BPF_DEVCG_DEV_CHAR: Final = 2

INSTRUCTION_BYTES: Final = 8
_LICENSE: Final = b"Apache-2.0\0"


def load_word(target: int, source: int, offset: int) -> bytes:
    """BPF_LDX | BPF_W | BPF_MEM: 32 bits of memory into a register."""
    return _instruction(0x61, target, source, offset, 0)


def move(target: int, source: int) -> bytes:
    """BPF_ALU64 | BPF_MOV | BPF_X."""
    return _instruction(0xBF, target, source, 0, 0)


def move_number(target: int, number: int) -> bytes:
    """BPF_ALU64 | BPF_MOV | BPF_K."""
    return _instruction(0xB7, target, 0, 0, number)


def mask(target: int, number: int) -> bytes:
    """BPF_ALU | BPF_AND | BPF_K."""
    return _instruction(0x54, target, 0, 0, number)


def shift_right(target: int, bits: int) -> bytes:
    """BPF_ALU | BPF_RSH | BPF_K."""
    return _instruction(0x74, target, 0, 0, bits)


def unless_number(register: int, number: int, skip: int) -> bytes:
    """BPF_JMP | BPF_JNE | BPF_K: skip so many instructions unless the register is this number."""
    return _instruction(0x55, register, 0, skip, number)


def if_number(register: int, number: int, skip: int) -> bytes:
    """BPF_JMP | BPF_JEQ | BPF_K."""
    return _instruction(0x15, register, 0, skip, number)


def unless_same(left: int, right: int, skip: int) -> bytes:
    """BPF_JMP | BPF_JNE | BPF_X."""
    return _instruction(0x5D, left, right, skip, 0)


def leave() -> bytes:
    """BPF_JMP | BPF_EXIT: register 0 is the result."""
    return _instruction(0x95, 0, 0, 0, 0)


def _instruction(code: int, target: int, source: int, offset: int, number: int) -> bytes:
    return struct.pack("=BBhi", code, source << 4 | target, offset, number)


def load_device_program(program: bytes) -> int:
    """BPF_PROG_LOAD: the descriptor of the program. Raises OSError (EINVAL where the kernel does not verify it)."""
    instructions = ctypes.create_string_buffer(program, len(program))
    license_text = ctypes.create_string_buffer(_LICENSE)
    attributes = struct.pack(
        "=IIQQIIQII",
        BPF_PROG_TYPE_CGROUP_DEVICE,
        len(program) // INSTRUCTION_BYTES,
        ctypes.addressof(instructions),
        ctypes.addressof(license_text),
        *(0, 0, 0, 0, 0),
    )
    return _bpf("bpf(BPF_PROG_LOAD)", BPF_PROG_LOAD, attributes)


def attach_device_program(cgroup: str, program_fd: int) -> None:
    """BPF_PROG_ATTACH, beside the programs that are there: a device must pass all of them."""
    folder = os.open(cgroup, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        attributes = struct.pack("=IIIII", folder, program_fd, BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI, 0)
        _bpf(cgroup, BPF_PROG_ATTACH, attributes)
    finally:
        os.close(folder)


def _bpf(target: str, command: int, attributes: bytes) -> int:
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    return syscalls.raw("bpf", target, command, buffer, len(attributes))
