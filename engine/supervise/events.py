"""The journal: what happened, one JSON object a line, on disk and to those who follow."""

import asyncio
import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from engine import model
from engine.state.paths import Paths

FILE_MAX = 4 << 20
"""Bytes after which the journal starts a new file; one old file is kept."""
_QUEUE_MAX = 1000


class Journal:
    """Writes events, reads them back, and passes new ones on."""

    def __init__(self, paths: Paths) -> None:
        self._path = paths.events
        self._fd = _open(self._path)
        self._size = os.fstat(self._fd).st_size
        self._followers: set[asyncio.Queue[model.Event]] = set()
        self._ooms: deque[int] = deque(maxlen=1000)

    def record(self, kind: str, action: str, id: str, name: str, /, **attributes: str) -> None:
        """Something has happened just now."""
        event = model.Event(time_ns=time.time_ns(), type=kind, action=action, id=id, name=name, attributes=attributes)
        if action == "oom":
            self._ooms.append(event.time_ns)
        self._write(msgspec.json.encode(event) + b"\n")
        for queue in self._followers:
            _put(queue, event)

    def _write(self, line: bytes) -> None:
        """A full disk loses an event; it must not stop a container."""
        if self._size + len(line) > FILE_MAX:
            self._turn_over()
        with suppress(OSError):
            self._size += os.write(self._fd, line)

    def _turn_over(self) -> None:
        os.close(self._fd)
        os.replace(self._path, f"{self._path}.1")
        self._fd = _open(self._path)
        self._size = 0

    def ooms_since(self, time_ns: int) -> int:
        """How many OOM kills this supervisor has seen since then."""
        return sum(1 for when in self._ooms if when >= time_ns)

    def past(self, since_ns: int | None, until_ns: int | None) -> Iterator[model.Event]:
        """Recorded events of that time, oldest first."""
        decoder = msgspec.json.Decoder(model.Event)
        for path in (f"{self._path}.1", self._path):
            for line in _lines(path):
                with suppress(msgspec.DecodeError, msgspec.ValidationError):
                    event = decoder.decode(line)
                    if (since_ns or 0) <= event.time_ns <= (until_ns or event.time_ns):
                        yield event

    def follow(self) -> "asyncio.Queue[model.Event]":
        """A queue of new events, until `unfollow`. One that is not read loses its oldest."""
        queue: asyncio.Queue[model.Event] = asyncio.Queue(_QUEUE_MAX)
        self._followers.add(queue)
        return queue

    def unfollow(self, queue: "asyncio.Queue[model.Event]") -> None:
        """No more of them."""
        self._followers.discard(queue)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def matches(event: model.Event, filters: dict[str, list[str]]) -> bool:
    """Docker's filters: values of one key are alternatives, keys must all match.

    container, image, network and volume match an id's beginning or a name; label matches KEY or KEY=VALUE.
    """
    return all(any(_matches_one(event, key, value) for value in values) for key, values in filters.items())


def _matches_one(event: model.Event, key: str, value: str) -> bool:
    match key:
        case "event":
            return event.action == value
        case "type":
            return event.type == value
        case "container" | "image" | "network" | "volume":
            asked = event.type == key or (key == "image" and event.attributes.get("image") == value)
            return asked and (event.id.startswith(value) or event.name == value or key == "image")
        case "label":
            name, _, wanted = value.partition("=")
            return name in event.attributes and wanted in ("", event.attributes[name])
        case _:
            return False


def _put(queue: "asyncio.Queue[model.Event]", event: model.Event) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(event)


def _open(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _lines(path: str) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            yield from file
    except FileNotFoundError:
        return
