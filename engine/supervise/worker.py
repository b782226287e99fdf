"""Long work in a process of its own, so that the supervisor's loop never waits.

supervisor: python -I launch.py worker TASK, its parameters as JSON on standard input: they may be long, or secret
worker:     {"event": {...}} lines of progress, then {"result": ...} or {"error": {...}}, on standard output: `working`

A task ends with whoever waits for it: a client that goes away while it only looks or fetches ends its worker.
"""

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from engine import errors, launch

_LINE_MAX = 64 << 20


async def work(
    task: str,
    on_event: Callable[[dict[str, Any]], None] = lambda _event: None,
    *,
    fds: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
    **parameters: Any,
) -> Any:
    """Run a task and return its result; raise the `EngineError` that it ends with.

    `fds` are open in the worker under the same numbers. `environment` is the worker's, instead of our own.
    """
    process = subprocess.Popen(  # vfork: 0.7 ms at any size of this process, measured
        launch.command("worker", task),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        pass_fds=fds,
        env=None if environment is None else dict(environment),
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        await _hand_over(process.stdin, json.dumps(parameters).encode())
        return await _converse(task, process.stdout.fileno(), on_event)
    finally:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()


async def _hand_over(pipe: IO[bytes], data: bytes) -> None:
    """Write the parameters, which may be more than a pipe holds before its reader has started."""
    own = os.fdopen(os.dup(pipe.fileno()), "wb", buffering=0)
    pipe.close()
    transport, _ = await asyncio.get_running_loop().connect_write_pipe(asyncio.BaseProtocol, own)
    transport.write(data)
    transport.close()  # once everything is written


async def _converse(task: str, fd: int, on_event: Callable[[dict[str, Any]], None]) -> Any:
    reader = asyncio.StreamReader(limit=_LINE_MAX)
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(os.dup(fd), "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    try:
        async for line in reader:
            message = json.loads(line)
            if "error" in message:
                raise errors.from_json(message["error"])
            if "result" in message:
                return message["result"]
            on_event(message["event"])
    except ValueError as err:
        raise errors.EngineError(f"the worker for {task} found more than can be told") from err
    finally:
        transport.close()
    raise errors.EngineError(f"the worker for {task} ended without a word", hint="is there memory and disk left?")
