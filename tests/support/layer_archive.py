"""Layers as Python's own tarfile reads them, and folders as overlay would have written them: what ours is held to."""

import io
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.archive.writer import Writer
from engine.layers.capture import Captured, capture
from engine.layers.flat import write_flat


class Taken:
    """A captured layer."""

    def __init__(self, data: bytes, captured: Captured | None = None) -> None:
        self.data = data
        self.captured = captured
        self._tar = tarfile.TarFile(fileobj=io.BytesIO(data))
        self.members = self._tar.getmembers()

    @property
    def paths(self) -> list[str]:
        """Of the members, in their order; of the root a dot."""
        return [member.name for member in self.members]

    def __getitem__(self, path: str) -> tarfile.TarInfo:
        return next(member for member in self.members if member.name == path)

    def content(self, path: str) -> bytes:
        """Of a file, or of the one that a hard link leads to."""
        file = self._tar.extractfile(path)
        assert file is not None
        return file.read()

    def xattrs(self, path: str) -> dict[str, bytes]:
        """Extended attributes, whose values tarfile has as text with escapes."""
        prefix = "SCHILY.xattr."
        return {
            key.removeprefix(prefix): value.encode("utf-8", "surrogateescape")
            for key, value in self[path].pax_headers.items()
            if key.startswith(prefix)
        }


def take(upper: Path, *lowers: Path, complete: bool = False) -> Taken:
    """Capture a layer in memory."""
    output = io.BytesIO()
    writer = Writer(output)
    captured = capture(str(upper), [str(lower) for lower in lowers], writer, complete=complete)
    writer.close()
    return Taken(output.getvalue(), captured)


def flat(*folders: Path) -> Taken:
    """Write a stack as one archive in memory."""
    output = io.BytesIO()
    writer = Writer(output)
    write_flat([str(folder) for folder in folders], writer)
    writer.close()
    return Taken(output.getvalue())


def fill(folder: Path, names: Sequence[str]) -> Path:
    """Files with their own names in them and one and the same time, directories for names that end in a slash."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    for name in names:
        if name.endswith("/"):
            (folder / name).mkdir(parents=True, exist_ok=True)
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(os.fsencode(name))
        os.utime(folder / name, ns=(10**18, 10**18))
    return folder


def whiteout(path: Path) -> None:
    """Say that what is below is gone. No privilege is needed for this device since Linux 5.8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mknod(path, 0o020000, os.makedev(0, 0))


def set_attribute(path: Path, name: str, value: bytes) -> None:
    """Skips where the file system has no such attributes."""
    try:
        os.setxattr(path, name, value, follow_symlinks=False)
    except OSError as err:
        pytest.skip(f"needs the extended attribute {name}: {err}")


def make_opaque(path: Path) -> None:
    """Hide what is below a directory."""
    path.mkdir(parents=True, exist_ok=True)
    set_attribute(path, "user.overlay.opaque", b"y")


def nest(folder: Path, depth: int) -> None:
    """Directories within directories, ten bytes of path each, and a file of as long a name in the last."""
    fd = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d" * 9, dir_fd=fd)
        below = os.open("d" * 9, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(os.open("f" * 10, os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)
