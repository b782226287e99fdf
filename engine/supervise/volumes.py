"""Volumes: directories of the engine that outlive containers.

    ROOT/volumes/NAME/_data         what a container sees
                     /volume.json   {"version": 1, "created_ns", "labels", "anonymous"}

A volume counts from the moment its record is there, and no longer than that: half a creation or half a removal is
none, and the next one of that name clears it away.
"""

import os
import re
import time
from contextlib import ExitStack, suppress
from typing import Any, Final

import msgspec

from engine.errors import Conflict, InvalidInput, NotFound
from engine.model import Volume
from engine.state import files, tree
from engine.state.paths import Paths

VERSION: Final = 1
_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}")


class Record(msgspec.Struct, frozen=True):
    """What is on disk of a volume, beside its files."""

    created_ns: int
    version: int = VERSION
    labels: dict[str, str] = {}
    anonymous: bool = False


class Volumes:
    """The volumes below one root."""

    def __init__(self, paths: Paths) -> None:
        self._folder = paths.volumes

    def all(self) -> list[Volume]:
        """Every volume, by name."""
        try:
            names = sorted(os.listdir(self._folder))
        except FileNotFoundError:
            return []
        return [volume for name in names if (volume := self._read(name)) is not None]

    def find(self, name: str) -> Volume:
        """One volume. Raises `NotFound`, `InvalidInput`."""
        volume = self._read(check(name))
        if volume is None:
            raise NotFound(f"no such volume: {name}", hint="list them: qd volume ls")
        return volume

    def exists(self, name: str) -> bool:
        """Whether there is one of that name. Raises `InvalidInput`."""
        return self._read(check(name)) is not None

    def create(self, name: str = "", *, labels: dict[str, str] | None = None, anonymous: bool = False) -> Volume:
        """Make one, empty; without a name it gets 64 hex digits. Raises `Conflict` where it is there, `InvalidInput`."""
        name = check(name) if name else os.urandom(32).hex()
        if self._read(name) is not None:
            raise Conflict(f"there is a volume {name} already", hint=f"use it, or remove it: qd volume rm {name}")
        record = Record(time.time_ns(), labels=labels or {}, anonymous=anonymous)
        with ExitStack() as undo:
            undo.callback(self._clear, name)
            self._clear(name)
            os.makedirs(self.data(name), mode=0o700)
            os.chmod(self.data(name), 0o755)  # noqa: S103 - programs of any user look into a volume
            files.replace(self._record(name), msgspec.json.encode(record))
            undo.pop_all()
        return self._shown(name, record)

    def remove(self, name: str) -> int:
        """Remove one and its files; the bytes of disk that it took. Gone already is success.

        The record goes first. Raises OSError, or an ExceptionGroup.
        """
        with suppress(FileNotFoundError):
            os.unlink(self._record(check(name)))
        return self._clear(name)

    def data(self, name: str) -> str:
        """Where the files of a volume are."""
        return f"{self._folder}/{name}/_data"

    def _clear(self, name: str) -> int:
        return tree.remove(f"{self._folder}/{name}")

    def _record(self, name: str) -> str:
        return f"{self._folder}/{name}/volume.json"

    def _read(self, name: str) -> Volume | None:
        with suppress(msgspec.DecodeError, msgspec.ValidationError, NotADirectoryError):
            found = files.read(self._record(name))
            return self._shown(name, msgspec.json.decode(found, type=Record)) if found is not None else None
        return None

    def _shown(self, name: str, record: Record) -> Volume:
        path, labels = self.data(name), record.labels
        return Volume(name=name, path=path, created_ns=record.created_ns, labels=labels, anonymous=record.anonymous)


def check(name: str) -> str:
    """The name, if it may be one: it becomes that of a folder. Raises `InvalidInput`."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"{name[:64]!r} cannot be a volume's name",
            hint="letters, digits, '_', '.' and '-', beginning with a letter or digit, 2 to 255; a path begins with /",
        )
    return name


def listing(volumes: list[Volume], filters: dict[str, list[str]], used_by: dict[str, list[str]]) -> list[Volume]:
    """Volumes with the names of the containers that have them, as Docker's filters choose. Raises `InvalidInput`."""
    for key in filters:
        if key not in FILTERS:
            raise InvalidInput(f"there is no filter {key[:32]!r}", hint=f"there are: {', '.join(FILTERS)}")
    shown = [msgspec.structs.replace(volume, used_by=tuple(used_by.get(volume.name, ()))) for volume in volumes]
    return [volume for volume in shown if all(_matches(volume, key, values) for key, values in filters.items())]


FILTERS: Final = ("name", "label", "dangling")


def _matches(volume: Volume, key: str, values: list[str]) -> bool:
    """Names are alternatives, labels must all be there, and the last word on dangling counts."""
    if key == "name":
        return any(value in volume.name for value in values)
    if key == "dangling":
        return (values[-1].lower() in ("true", "1")) == (not volume.used_by)
    return all(_has_label(volume.labels, value) for value in values)


def _has_label(labels: dict[str, str], wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    return key in labels and (not equals or labels[key] == value)


def uses(containers: Any) -> dict[str, list[str]]:
    """Name of a volume -> names of the containers that have it."""
    found: dict[str, list[str]] = {}
    for container in containers:
        for mount in container.options.volumes:
            if container.name not in found.setdefault(mount.name, []):
                found[mount.name].append(container.name)
    return found
