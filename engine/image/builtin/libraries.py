"""Finds the libraries of programs as the dynamic loader would, from ELF headers alone.

`ldd` runs the loader of the program it looks at, and so whatever a stranger put there; this only reads.

Source: ld.so(8), "Library search"; ldconfig(8), /etc/ld.so.conf.
"""

import glob
import mmap
import os
from collections.abc import Iterable, Iterator
from typing import Final

from engine.errors import InvalidInput
from engine.image.builtin import elf
from engine.image.builtin.elf import Elf

CONFIGURATION: Final = "/etc/ld.so.conf"
CONFIGURATION_MAX: Final = 1 << 16
INCLUDES_MAX: Final = 200
LIBRARIES_MAX: Final = 4096

DEFAULT_FOLDERS: Final = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib")
"""Where glibc's and musl's loaders look without being told."""


class Libraries:
    """Searches the libraries of one host; remembers every header it has read."""

    def __init__(self, folders: Iterable[str] | None = None) -> None:
        self._folders = tuple(configured_folders() if folders is None else folders)
        self._headers: dict[str, Elf | None] = {}

    def header(self, path: str) -> Elf | None:
        """The ELF header of a file; None where it is something else, or nothing."""
        if path not in self._headers:
            self._headers[path] = _read_header(path)
        return self._headers[path]

    def closure(self, programs: Iterable[str]) -> list[str]:
        """The paths on this host of all that the programs need, directly or not; their loaders too.

        A library that is not found is left out: the program that asks for it is as broken on the host.
        """
        found: dict[str, None] = {}
        waiting = list(programs)
        while waiting and len(found) < LIBRARIES_MAX:
            for path in self._direct(waiting.pop()):
                if path not in found:
                    found[path] = None
                    waiting.append(path)
        return sorted(found)

    def _direct(self, path: str) -> Iterator[str]:
        header = self.header(path)
        if header is None:
            return
        if header.interpreter and os.path.isfile(header.interpreter):
            yield header.interpreter
        for name in header.needed:
            target = self.find(name, header, os.path.dirname(path))
            if target:
                yield target

    def find(self, name: str, wanted_by: Elf, origin: str) -> str | None:
        """The library `name` for a program that lies in the folder `origin`."""
        if "/" in name:
            return name if os.path.isabs(name) and self._fits(name, wanted_by) else None
        own = wanted_by.runpath or wanted_by.rpath
        folders = [folder for entry in own if (folder := _expand(entry, origin))]
        for folder in (*folders, *self._folders):
            path = f"{folder}/{name}"
            if self._fits(path, wanted_by):
                return path
        return None

    def _fits(self, path: str, wanted_by: Elf) -> bool:
        header = self.header(path)
        return header is not None and header.fits(wanted_by)


def configured_folders(configuration: str = CONFIGURATION) -> tuple[str, ...]:
    """The folders of ld.so.conf and what it includes, then the default ones; each once, existing ones only."""
    folders: dict[str, None] = {}
    # The multiarch folders come first: on Debian the loader knows them without any configuration.
    for folder in (*_default_folders(), *_configured(configuration)):
        if os.path.isdir(folder):
            folders.setdefault(os.path.realpath(folder))
    return tuple(folders)


def parse_configuration(text: str) -> tuple[list[str], list[str]]:
    """The folders and the include patterns of an ld.so.conf."""
    folders, includes = [], []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words[:1] == ["include"]:
            includes += words[1:]
        elif words and words[0].startswith("/"):
            folders.append(words[0])
    return folders, includes


def _default_folders() -> Iterator[str]:
    for base in ("/usr/lib", "/lib"):
        yield from sorted(glob.glob(f"{base}/*-linux-gnu*"))
    yield from DEFAULT_FOLDERS


def _configured(path: str) -> Iterator[str]:
    """Folders of a configuration, includes one level deep and no deeper, as they are in practice."""
    folders, includes = parse_configuration(_read_text(path))
    yield from folders
    base = os.path.dirname(path)
    for pattern in includes:
        for included in sorted(glob.glob(os.path.join(base, pattern)))[:INCLUDES_MAX]:
            yield from parse_configuration(_read_text(included))[0]


def _read_text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(CONFIGURATION_MAX).decode("utf-8", "replace")
    except OSError:
        return ""


def _expand(entry: str, origin: str) -> str:
    """One entry of a RUNPATH; empty where it is relative, which only an attacker would want."""
    path = entry.replace("${ORIGIN}", origin).replace("$ORIGIN", origin)
    return os.path.normpath(path) if os.path.isabs(path) and "$" not in path else ""


def _read_header(path: str) -> Elf | None:
    """Map the file rather than read it: only the pages with headers are touched."""
    try:
        with open(path, "rb") as file:
            if file.read(4) != elf.MAGIC:
                return None
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return elf.parse(data, path)
    except (OSError, InvalidInput):
        # A damaged library is one that the loader cannot use either.
        return None
