"""Long work in a process of its own, so that the supervisor's loop never waits.

supervisor: python -I launch.py worker TASK JSON
worker:     {"event": {...}} lines of progress, then {"result": ...} or {"error": {...}}, on standard output
"""

import asyncio
import importlib
import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

from engine import errors, launch

TASKS = {
    "build_base": "engine.supervise.tasks:build_base",
    "changes": "engine.supervise.tasks:changes",
    "remove_layer": "engine.supervise.tasks:remove_layer",
    "size": "engine.supervise.tasks:size",
    "prepare": "engine.supervise.tasks:prepare",
    "fill_volume": "engine.supervise.tasks:fill_volume",
    "copy_image": "engine.supervise.tasks:copy_image",
    "remove_tree": "engine.supervise.tasks:remove_tree",
    "remove_volume": "engine.supervise.tasks:remove_volume",
}
_LINE_MAX = 64 << 20


def main(arguments: list[str]) -> int:
    """Do one task."""
    task, parameters = arguments
    module, _, function = TASKS[task].partition(":")
    try:
        result = getattr(importlib.import_module(module), function)(_say, **json.loads(parameters))
    except errors.EngineError as err:
        return _finish({"error": err.to_json()})
    except OSError as err:
        return _finish({"error": errors.EngineError(f"{task}: {err}", errno=err.errno or 0).to_json()})
    return _finish({"result": result})


def _say(event: dict[str, Any]) -> None:
    print(json.dumps({"event": event}), flush=True)  # noqa: T201  # standard output is the protocol


def _finish(message: dict[str, Any]) -> int:
    print(json.dumps(message), flush=True)  # noqa: T201
    return 0


async def work(task: str, on_event: Callable[[dict[str, Any]], None] = lambda _event: None, **parameters: Any) -> Any:
    """Run a task and return its result; raise the `EngineError` that it ends with."""
    process = subprocess.Popen(  # vfork: 0.7 ms at any size of this process, measured
        launch.command("worker", task, json.dumps(parameters)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    assert process.stdout is not None
    try:
        return await _converse(task, process.stdout.fileno(), on_event)
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


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
