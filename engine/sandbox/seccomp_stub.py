"""The beginning of a filter: ENOSYS for calls that its author could not know. Pure; standard library only.

A C library tries a new call and falls back on an old one when it hears ENOSYS. A filter that forbids what it does not
name answers EPERM instead, which breaks the program. So calls with a number above the highest that the filter names
are answered as an old kernel would answer them, for each architecture by itself.

    ld arch
    [for each architecture:]
      jne arch, next
      ld nr
      [x86_64: jset X32_BIT: the limit of x32, if the filter has x32; else that of x86_64]
      jgt limit: ret ENOSYS
      ja filter
    next:
    filter:
"""

import struct
from typing import Final

from engine.sandbox import seccomp_names as names

ENOSYS: Final = 38
_LOAD: Final = 0x20
_JUMP: Final = 0x05
_EQUAL: Final = 0x15
_GREATER: Final = 0x25
_SET: Final = 0x45
_RETURN: Final = 0x06
_NUMBER_AT: Final = 0
_ARCH_AT: Final = 4
"""Offsets in `struct seccomp_data`. Source: seccomp(2); the instructions: linux/bpf_common.h."""
PERMISSIVE: Final = (names.ALLOW, names.LOG, names.TRACE)
"""Default actions behind which an unknown call reaches the kernel, or a tracer that knows better."""

_Code = list[tuple[int, int, int, int]]
"""Operation, jump if true, jump if false, constant."""


def is_needed(default: int) -> bool:
    """Whether calls that the filter does not name are refused, and not with ENOSYS already."""
    return default & 0xFFFF_0000 not in PERMISSIVE and default != names.ERRNO | ENOSYS


def stub(limits: dict[int, int]) -> bytes:
    """The instructions for token of an architecture -> the highest number that the filter names."""
    limits = {token: limit for token, limit in limits.items() if limit > 0}
    sections = [_section(token, limits) for token in limits if token != names.X32 or names.AUDIT_X86_64 not in limits]
    if not sections:
        return b""
    code: _Code = [(_LOAD, 0, 0, _ARCH_AT)]
    left = sum(map(len, sections))
    for section in sections:
        left -= len(section)
        code += section[:-1]
        code.append((_JUMP, 0, 0, left))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


def _section(token: int, limits: dict[int, int]) -> _Code:
    """What is done for one architecture; the last instruction is the jump behind all sections."""
    if token in (names.AUDIT_X86_64, names.X32):
        body = _x86_64(limits.get(names.AUDIT_X86_64), limits.get(names.X32))
        token = names.AUDIT_X86_64
    else:
        body = _limit(limits[token])
    load = (_LOAD, 0, 0, _NUMBER_AT)
    return [(_EQUAL, 0, len(body) + 2, token), load, *body, (_JUMP, 0, 0, 0)]


def _limit(highest: int) -> _Code:
    return [(_GREATER, 0, 1, highest), (_RETURN, 0, 0, names.ERRNO | ENOSYS)]


def _x86_64(native: int | None, x32: int | None) -> _Code:
    """Two kinds of calls on one architecture; a kind that the filter does not have is left to the filter."""
    first = _limit(native) if native else []
    second = _limit(x32) if x32 else []
    # Behind the limit of x86_64 a call goes past that of x32.
    first = [*first, (_JUMP, 0, 0, len(second))]
    return [(_SET, len(first), 0, names.X32_BIT), *first, *second]
