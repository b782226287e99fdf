"""Between `create` and `start`: the container waits, and tells what became of the start. Standard library only.

    container                              start
                                             opens `result` for reading
      read(go)     <-----------------------  a byte into `go`
      startContainer hooks
      exec: end of file on `result`          the program runs
      or an error's JSON, and end of file    it does not

Both are fifos in the container's folder, and the container holds each open for reading and writing: nobody has to live
in between, and no call but read(2), write(2) and close(2) is made under the program's seccomp filter.
"""

import contextlib
import json
import os
import select
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from engine import errors
from engine.kernel import files, syscalls
from engine.sandbox import hooks
from engine.sandbox.child import Channel
from engine.sandbox.finish import Failed
from engine.sandbox.hooks import Hooks
from engine.sandbox.messages import Kind

GO: Final = "exec.fifo"
RESULT: Final = "result/exec.fifo"
"""In a folder of its own, so that both have the name by which checkers of leaked descriptors know a runtime's."""
_RESULT_MAX: Final = 1 << 16


class Fifos(NamedTuple):
    """Descriptors of both, open for reading and writing."""

    go: int
    result: int


def make(folder: str) -> Fifos:
    """Make both in the container's folder. Raises OSError."""
    os.mkdir(f"{folder}/{os.path.dirname(RESULT)}", 0o700)
    for name in (GO, RESULT):
        os.mkfifo(f"{folder}/{name}", 0o600)
    go = files.open_path(f"{folder}/{GO}", os.O_RDWR)
    try:
        return Fifos(go, files.open_path(f"{folder}/{RESULT}", os.O_RDWR))
    except OSError:
        os.close(go)
        raise


@contextlib.contextmanager
def made(folder: str) -> Iterator[Fifos]:
    """Both, until the container has been given them. Raises OSError."""
    fifos = make(folder)
    with files.closing(fifos.go), files.closing(fifos.result):
        yield fifos


def waits(fifos: Fifos, channel: Channel, found: Hooks, state: dict[str, Any]) -> Callable[[dict[str, str]], Failed]:
    """The container's side, for `finish.finish`."""

    def failed(err: errors.EngineError) -> None:
        os.write(fifos.result, json.dumps(err.to_json()).encode()[:_RESULT_MAX])

    def wait(environment: dict[str, str]) -> Failed:
        channel.say(Kind.READY)
        syscalls.entering("read")
        os.read(fifos.go, 1)
        try:
            hooks.run(found, ("startContainer",), state | {"status": "created", "pid": os.getpid()}, environment)
        except errors.EngineError as err:
            failed(err)
            raise
        return failed

    return wait


def start(folder: str, pidfd: int) -> None:
    """Let the container go on, and return when its program runs. Raises `EngineError` where it does not.

    The fifos are gone then: so is the state "created".
    """
    with files.closing(files.open_path(f"{folder}/{RESULT}", os.O_RDONLY | os.O_NONBLOCK)) as result:
        try:
            with files.closing(files.open_path(f"{folder}/{GO}", os.O_WRONLY | os.O_NONBLOCK)) as go:
                os.write(go, b"0")
        except OSError as err:  # ENXIO: nobody reads
            raise errors.Conflict("cannot start a container that has stopped", errno=err.errno or 0) from err
        for name in (GO, RESULT):
            os.unlink(f"{folder}/{name}")
        os.rmdir(f"{folder}/{os.path.dirname(RESULT)}")
        said = _read_all(result, pidfd)
    if said:
        raise errors.from_json(json.loads(said))


def _read_all(result: int, pidfd: int) -> bytes:
    """Until the container's end is closed, by exec or by its death."""
    found = b""
    while len(found) < _RESULT_MAX:
        select.select([result, pidfd], [], [])
        try:
            piece = os.read(result, _RESULT_MAX)
        except BlockingIOError:
            continue
        if not piece:
            break
        found += piece
    return found
