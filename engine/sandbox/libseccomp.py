"""libseccomp.so.2 through ctypes: an object for a filter that is being built. Standard library only.

Loaded when a filter has to be compiled, and only in the parent. Source: seccomp_init(3) and the pages beside it.
"""

import ctypes
import errno
import functools
import os
import struct
from typing import Final

from engine import errors
from engine.kernel import files, syscalls
from engine.sandbox.seccomp_rules import Condition

_NNP: Final = 3
_OPTIMIZE: Final = 8
UNKNOWN: Final = -1
"""__NR_SCMP_ERROR: no call of this name. Other negative numbers are calls that only another architecture has."""


class _Version(ctypes.Structure):
    _fields_ = [("major", ctypes.c_uint), ("minor", ctypes.c_uint), ("micro", ctypes.c_uint)]


@functools.cache
def library() -> ctypes.CDLL:
    """Raises `MissingFeature` where it is not installed."""
    try:
        lib = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    except OSError as err:
        raise errors.MissingFeature(
            "a seccomp filter is wanted, and libseccomp.so.2 is not there",
            hint="apt-get install libseccomp2, or run without a filter: --security-opt seccomp=unconfined",
        ) from err
    lib.seccomp_version.restype = ctypes.POINTER(_Version)
    lib.seccomp_init.restype = ctypes.c_void_p
    lib.seccomp_init.argtypes = [ctypes.c_uint32]
    lib.seccomp_release.argtypes = [ctypes.c_void_p]
    lib.seccomp_attr_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32]
    lib.seccomp_arch_resolve_name.restype = ctypes.c_uint32
    lib.seccomp_arch_native.restype = ctypes.c_uint32
    lib.seccomp_arch_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    lib.seccomp_syscall_resolve_name_arch.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    lib.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_void_p,
    ]
    lib.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
    return lib


def version() -> str:
    """Such as 2.5.4."""
    found = library().seccomp_version().contents
    return f"{found.major}.{found.minor}.{found.micro}"


def native() -> int:
    """The token of this machine; a filter is written in its numbers, and translated for the others."""
    token: int = library().seccomp_arch_native()
    return token


def architecture(name: str) -> int:
    """The token of an architecture. Raises `InvalidInput` for one that this libseccomp does not know."""
    token: int = library().seccomp_arch_resolve_name(name.encode())
    if token == 0:
        raise errors.InvalidInput(f"libseccomp {version()} does not know the architecture {name}")
    return token


def number(token: int, name: str) -> int:
    """The number of a call on an architecture; see UNKNOWN."""
    found: int = library().seccomp_syscall_resolve_name_arch(token, os.fsencode(name))
    return found


class Context:
    """A filter. Raises `SetupFailed` for whatever libseccomp refuses."""

    def __init__(self, default: int) -> None:
        self._context = library().seccomp_init(default)
        if not self._context:
            raise errors.SetupFailed(f"libseccomp does not take the default action {default:#x}")

    def __enter__(self) -> "Context":
        self._check(library().seccomp_attr_set(self._context, _NNP, 0), "no_new_privs")
        return self

    def __exit__(self, *_error: object) -> None:
        library().seccomp_release(self._context)

    def optimize(self) -> None:
        """A binary tree instead of a chain; an old libseccomp has none."""
        library().seccomp_attr_set(self._context, _OPTIMIZE, 2)

    def add_architecture(self, token: int) -> None:
        """What the filter judges too; the machine's own it does anyway."""
        result = library().seccomp_arch_add(self._context, token)
        self._check(0 if result == -errno.EEXIST else result, f"the architecture {token:#x}")

    def add_rule(self, action: int, call: int, conditions: tuple[Condition, ...], name: str) -> None:
        """One rule; `name` is for the error."""
        packed = b"".join(struct.pack("IIQQ", *condition) for condition in conditions)
        result = library().seccomp_rule_add_array(self._context, action, call, len(conditions), packed or None)
        self._check(result, f"the rule for the call {name}")

    def program(self) -> bytes:
        """The BPF program."""
        syscalls.entering("memfd_create")
        with files.closing(os.memfd_create("seccomp", os.MFD_CLOEXEC)) as fd:
            self._check(library().seccomp_export_bpf(self._context, fd), "its program")
            return os.pread(fd, os.fstat(fd).st_size, 0)

    def _check(self, result: int, what: str) -> None:
        if result < 0:
            words = os.strerror(-result).lower()
            raise errors.SetupFailed(f"error adding seccomp filter: {what}: {words}", errno=-result)
