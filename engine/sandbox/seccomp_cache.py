"""Compiled filters on disk, in a folder of the engine's own. Standard library only.

A file holds the whole key beside the program, so that no hash decides which policy a container gets: the name is a
checksum only to find it. It is believed if it is root's, as long as it says, and starts with the key.
"""

import binascii
import os
from contextlib import suppress
from typing import Final

from engine.kernel import files, seccomp

FILES_MAX: Final = 64
"""Policies kept, some 20 KiB each; most machines have one."""
PROGRAM_MAX: Final = seccomp.INSTRUCTIONS_MAX * seccomp.INSTRUCTION_BYTES
_HEADER: Final = b"quarterdeck seccomp 1\n"
"""With the version of what this code makes of a policy."""


def path_of(folder: str, key: bytes) -> str:
    """Where the program of a key lies."""
    return f"{folder}/{binascii.crc32(key):08x}-{len(key)}.bpf"


def read(folder: str, key: bytes) -> bytes | None:
    """The program, or None where there is none that can be believed."""
    try:
        data = _read(path_of(folder, key), len(_HEADER) + len(key) + PROGRAM_MAX)
    except OSError:
        return None
    start = _HEADER + key + b"\n"
    program = data[len(start) :]
    if not data.startswith(start) or not program or len(program) % seccomp.INSTRUCTION_BYTES:
        return None
    return program


def _read(path: str, most: int) -> bytes:
    """Empty for a file that is not root's own."""
    with files.closing(files.open_path(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)) as fd:
        status = os.fstat(fd)
        if status.st_uid != os.geteuid() or status.st_mode & 0o170022 != 0o100000 or status.st_size > most + 1:
            return b""
        return os.read(fd, most + 1)


def write(folder: str, key: bytes, program: bytes) -> None:
    """Keep a program. A disk that is full or read-only is no reason to fail: it is compiled again the next time."""
    path = path_of(folder, key)
    temporary = f"{path}.{os.getpid()}"
    with suppress(OSError):
        os.makedirs(folder, 0o700, exist_ok=True)
        _make_room(folder)
        fd = files.open_path(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with files.closing(fd):
                os.write(fd, _HEADER + key + b"\n" + program)
            os.rename(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise


def _make_room(folder: str) -> None:
    """A folder that is full is emptied: what is still in use comes back. Raises OSError."""
    names = os.listdir(folder)
    if len(names) >= FILES_MAX:
        for name in names:
            with suppress(FileNotFoundError):
                os.unlink(f"{folder}/{name}")
