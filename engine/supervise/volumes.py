"""Volumes: directories of the engine that outlive containers.

    ROOT/volumes/<name>/volume.json   what is known of it; without it there is no volume
    ROOT/volumes/<name>/_data/        its files, with the owners that they have inside

A directory is 0700 above its files: these may be set-user-id programs of a container.
"""

import os
import re
import time
from contextlib import ExitStack, suppress
from typing import Final

import msgspec

from engine import errors, model
from engine.state import files, tree

_ALLOWED: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")
_RECORD: Final = "volume.json"
_SMALL: Final = 200
"""Entries of a volume that are removed at once, in about a millisecond."""


class Volumes:
    """Those of one engine."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __contains__(self, name: str) -> bool:
        return os.path.isfile(f"{self._folder}/{check(name)}/{_RECORD}")

    def create(self, name: str, labels: dict[str, str] | None = None, *, anonymous: bool = False) -> bool:
        """Make it, empty; False where it is there already. Raises `InvalidInput`, OSError."""
        if name in self:
            return False
        with ExitStack() as undo:
            undo.callback(self.remove, name)
            self.remove(name)  # what half a removal has left is not a part of this one
            self._make_folders(name)
            volume = model.Volume(
                name=name, path=self.data(name), created_ns=time.time_ns(), labels=labels or {}, anonymous=anonymous
            )
            encoded = msgspec.json.encode(volume)
            files.replace(f"{self._folder}/{name}/{_RECORD}", encoded, durable=not anonymous)
            undo.pop_all()
        return True

    def _make_folders(self, name: str) -> None:
        os.mkdir(f"{self._folder}/{name}", mode=0o700)
        os.mkdir(self.data(name))
        os.chmod(self.data(name), 0o755)  # noqa: S103 - programs of any user look into it

    def data(self, name: str) -> str:
        """Where its files are. Raises `InvalidInput`."""
        return f"{self._folder}/{check(name)}/_data"

    def find(self, name: str) -> model.Volume:
        """By its name. Raises `NotFound`."""
        record = files.read(f"{self._folder}/{check(name)}/{_RECORD}")
        with suppress(msgspec.DecodeError, msgspec.ValidationError):
            if record is not None:
                found = msgspec.json.decode(record, type=model.Volume)
                return msgspec.structs.replace(found, name=name, path=self.data(name))
        raise errors.NotFound(f"no such volume: {name}", hint="list them: qd volume ls")

    def all(self) -> list[model.Volume]:
        """Every one, by name; a broken record is passed over."""
        found = []
        with suppress(FileNotFoundError):
            for name in sorted(os.listdir(self._folder)):
                with suppress(errors.EngineError):
                    found.append(self.find(name))
        return found

    def is_small(self, name: str) -> bool:
        """Whether to remove it is a matter of a millisecond."""
        return tree.has_at_most(self.data(name), _SMALL)

    def remove(self, name: str) -> int:
        """Remove it and its files; the bytes of disk that they took. The record goes first: half a removal is none."""
        with suppress(FileNotFoundError):
            os.unlink(f"{self._folder}/{check(name)}/{_RECORD}")
        return tree.remove(f"{self._folder}/{name}")


def check(name: str) -> str:
    """The name, if it may be one. Raises `InvalidInput`."""
    if not _ALLOWED.fullmatch(name):
        raise errors.InvalidInput(
            f"{name[:64]!r} cannot be a volume's name",
            hint="use letters, digits, '_', '.' and '-', beginning with a letter or digit, 128 at most",
        )
    return name
