"""The process of a worker: one task, its progress, its result. Imports what the task needs, and no more.

Parameters come as JSON on standard input; out go {"event": {...}} lines, then {"result": ...} or {"error": {...}}.
"""

import gc
import importlib
import json
import sys
from typing import Any

from engine import errors

TASKS = {
    **{
        name: f"engine.supervise.images.tasks:{name}"
        for name in (
            *("build_base", "pull", "push", "commit", "save", "load", "import_image"),
            *("remove_image", "prune_images", "sweep", "settle", "mend", "disk_usage"),
        )
    },
    **{name: f"engine.supervise.copies.tasks:{name}" for name in ("copy_out", "copy_in", "unpack", "export")},
    "between": "engine.supervise.tasks:between",
    "changes": "engine.supervise.tasks:changes",
    "remove_layer": "engine.supervise.tasks:remove_layer",
    "size": "engine.supervise.tasks:size",
    "prepare": "engine.supervise.tasks:prepare",
    "fill_volume": "engine.supervise.tasks:fill_volume",
    "copy_image": "engine.supervise.tasks:copy_image",
    "remove_tree": "engine.supervise.tasks:remove_tree",
    "remove_volume": "engine.supervise.tasks:remove_volume",
}

_COLLECT_AFTER = 50_000
"""New objects before the collector looks for cycles: modules and members of archives make none."""


def main(arguments: list[str]) -> int:
    """Do one task."""
    (task,) = arguments
    gc.set_threshold(_COLLECT_AFTER)
    module, _, function = TASKS[task].partition(":")
    try:
        result = getattr(importlib.import_module(module), function)(_say, **json.loads(sys.stdin.buffer.read()))
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
