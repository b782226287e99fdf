"""libnftables by ctypes: rules as text, each run one transaction of the kernel's.

Source: libnftables(3). A context has a socket in the network namespace where it was made, and belongs to one thread.
"""

import ctypes
import errno
import os
import socket
from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

from engine.errors import EngineError, MissingFeature
from engine.network.table import descriptors

LIBRARY: Final = "libnftables.so.1"
WORDS_MAX: Final = 2000
"""Characters of a complaint that are kept: nft repeats the whole command in it."""
_NETLINK_NETFILTER: Final = 12  # linux/netlink.h
_KNOWN: Final = (errno.EPERM, errno.EACCES, errno.ENOENT, errno.EEXIST, errno.EBUSY, errno.EINTR, errno.EOPNOTSUPP)
"""Those that are told by the end of a complaint."""


class _Library(NamedTuple):
    """Its functions, with their types."""

    new: Callable[[int], int | None]
    free: Callable[[int], None]
    buffer_output: Callable[[int], int]
    buffer_error: Callable[[int], int]
    output: Callable[[int], bytes | None]
    error: Callable[[int], bytes | None]
    run: Callable[[int, bytes], int]


class Nft:
    """A context in the network namespace where this thread is."""

    def __init__(self) -> None:
        """Raises: MissingFeature where there is no library, or no netfilter in the kernel; OSError."""
        self._library = _load()
        _probe()
        with descriptors.lent():
            context = self._library.new(0)
        if context is None:
            raise MemoryError("nft_ctx_new")
        self._context: int | None = context
        if self._library.buffer_output(context) or self._library.buffer_error(context):
            self.close()
            raise MemoryError("nft_ctx_buffer_output")

    def run(self, commands: str) -> str:
        """What nft printed. All of the commands happen, or none. Raises: EngineError with its words and errno."""
        assert self._context is not None, "closed"
        failed = self._library.run(self._context, commands.encode())
        output = self._library.output(self._context) or b""  # asking for a buffer empties it
        words = self._library.error(self._context) or b""
        if failed:
            raise _refused(words[:WORDS_MAX].decode(errors="replace"))
        return output.decode(errors="replace")

    def close(self) -> None:
        """The socket is closed; doing it twice is no error."""
        context, self._context = self._context, None
        if context is not None:
            self._library.free(context)
            descriptors.refill()


@cache
def _load() -> _Library:
    try:
        found = ctypes.CDLL(LIBRARY)
    except OSError as err:
        raise MissingFeature(
            f"a container's network needs {LIBRARY}, which is not installed",
            hint="install it: apt-get install libnftables1; or run without a network: --network none",
        ) from err
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    return _Library(
        # With Python's lock held, so that no other thread takes the descriptor that is meant for it.
        new=_typed(ctypes.PyDLL(LIBRARY).nft_ctx_new, pointer, ctypes.c_uint32),
        free=_typed(found.nft_ctx_free, None, pointer),
        buffer_output=_typed(found.nft_ctx_buffer_output, ctypes.c_int, pointer),
        buffer_error=_typed(found.nft_ctx_buffer_error, ctypes.c_int, pointer),
        output=_typed(found.nft_ctx_get_output_buffer, text, pointer),
        error=_typed(found.nft_ctx_get_error_buffer, text, pointer),
        run=_typed(found.nft_run_cmd_from_buffer, ctypes.c_int, pointer, text),
    )


def _typed(function: "ctypes._NamedFuncPointer", returns: type | None, *takes: type) -> "ctypes._NamedFuncPointer":
    function.restype = returns
    function.argtypes = takes
    return function


def _probe() -> None:
    """A socket is made first, because the library ends the whole process where it gets none."""
    try:
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER).close()
    except OSError as err:
        if err.errno in (errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT):
            raise _no_kernel() from err
        raise


def _no_kernel() -> MissingFeature:
    return MissingFeature(
        "the kernel has no nf_tables, which a container's network needs",
        hint="load it: modprobe nf_tables; or run without a network: --network none",
    )


def _refused(words: str) -> EngineError:
    """nft says `Error: WHAT; ERRNO IN WORDS`, then the command with carets under it."""
    line = next((line for line in words.splitlines() if line.startswith("Error:")), words.strip() or "no reason given")
    number = next((number for number in _KNOWN if line.endswith(os.strerror(number))), 0)
    if number in (errno.EPERM, errno.EACCES):
        return MissingFeature(
            "the kernel refuses to change the rules of the network: Operation not permitted",
            hint="as root, with CAP_NET_ADMIN; or run without a network: --network none",
            errno=number,
        )
    return EngineError(f"nft refuses the rules: {line.removeprefix('Error: ')[:300]}", errno=number)
