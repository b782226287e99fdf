"""Unpacks a layer in a process beside this one, while this one still makes its archive.

parent: archive --> pipe --> child: apply; `{"result": ...}` or `{"error": ...}` on another pipe, and its end

A thread would do, but for the interpreter's lock: both ends are Python for most of the time where files are small.
"""

import fcntl
import os
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

import msgspec

from engine import errors
from engine.archive.reader import Reader
from engine.errors import EngineError
from engine.image.formats.whole import Whole
from engine.layers.apply import Applied, apply

_PIPE_BYTES: Final = 1 << 20


class Unpacking:
    """One child. Write the archive, and ask for the `result`; without that its work is thrown away.

    The caller has no other thread: a child of one would have its locks and not the thread.
    """

    def __init__(self, folder: str, lowers: Sequence[str]) -> None:
        archive, self._archive = os.pipe2(os.O_CLOEXEC)
        self._answer, answer = os.pipe2(os.O_CLOEXEC)
        fcntl.fcntl(archive, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._pid = os.fork()
        if not self._pid:
            _child(answer, (self._archive, self._answer), lambda: _unpack(archive, folder, lowers))
        os.close(archive)
        os.close(answer)
        self._pipe = open(self._archive, "wb", buffering=0)  # noqa: SIM115 - closed by result and __exit__
        self._output = Whole(self._pipe)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The child has ended afterwards."""
        self._pipe.close()
        os.close(self._answer)
        os.waitpid(self._pid, 0)

    def write(self, data: bytes) -> None:
        """More of the archive. Raises what the child has ended with."""
        try:
            self._output.write(data)
        except BrokenPipeError:
            self.result()
            raise

    def result(self) -> Applied:
        """What was unpacked, when the archive is whole. Raises EngineError."""
        self._pipe.close()
        with open(os.dup(self._answer), "rb") as answer:
            data = answer.read()
        if not data:
            raise EngineError("the process that unpacks has ended without a word", hint="is there memory left?")
        message = msgspec.json.decode(data)
        if "error" in message:
            raise errors.from_json(message["error"])
        return Applied(**message["result"])


def _child(answer: int, others: Sequence[int], work: Callable[[], Applied]) -> None:
    """Never returns: what waits above in the stack is the parent's to finish."""
    try:
        for fd in others:
            os.close(fd)
        os.write(answer, msgspec.json.encode(_answered(work)))
    finally:
        os._exit(0)


def _answered(work: Callable[[], Applied]) -> dict[str, object]:
    try:
        return {"result": work()._asdict()}
    except EngineError as err:
        return {"error": err.to_json()}
    except OSError as err:
        return {"error": EngineError(f"the layer cannot be unpacked: {err}", errno=err.errno or 0).to_json()}


def _unpack(archive: int, folder: str, lowers: Sequence[str]) -> Applied:
    with open(archive, "rb", buffering=0) as source:
        reader = Reader(source)
        applied = apply(reader, folder, lowers)
        reader.drain()
    return applied
