"""The part of the engine in memory that concerns copies; see `support.memory_engine`."""

import os
from collections.abc import Callable
from typing import Any

from engine.client.copies import nobody


class MemoryCopies:
    """What is read from a descriptor is remembered, what is written to one is the words `an archive`."""

    def copy_out(
        self,
        ref: str,
        path: str,
        target: str,
        *,
        archive: bool = False,
        follow: bool = False,
        passed: Callable[[int], None] = nobody,
    ) -> None:
        self._note("copy_out", ref, path, target, archive, follow)
        passed(1_000)

    def copy_in(
        self,
        ref: str,
        path: str,
        source: str,
        *,
        archive: bool = False,
        follow: bool = False,
        passed: Callable[[int], None] = nobody,
    ) -> None:
        self._note("copy_in", ref, path, source, archive, follow)
        passed(1_000)

    def read_archive(self, ref: str, path: str, fd: int, *, follow: bool = False) -> None:
        self._note("read_archive", ref, path, follow)
        os.write(fd, b"an archive")

    def write_archive(self, ref: str, path: str, fd: int) -> None:
        self._note("write_archive", ref, path, os.read(fd, 100))

    def export(self, ref: str, fd: int) -> None:
        self._note("export", ref)
        os.write(fd, b"an archive")

    def _note(self, name: str, *arguments: Any) -> None:
        raise NotImplementedError
