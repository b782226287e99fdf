"""`spec`: write a config.json to start from."""

import json
import os
from typing import Any

from engine.errors import Conflict
from engine.runtime import arguments, template
from engine.runtime.arguments import flag, value
from engine.runtime.call import Call

USAGE = "\ncreate a new specification file"
OPTIONS = (
    value("bundle", "the bundle's folder (default: here)", "b"),
    flag("rootless", "for a user who is not root"),
)


def main(call: Call) -> int:
    """`config.json` in the bundle, which must not be there yet."""
    arguments.count(call.given.arguments, exactly=0, verb=call.verb)
    path = os.path.join(call.given.text("bundle") or ".", "config.json")
    spec = template.spec()
    if call.has("rootless"):
        spec = template.rootless(spec, os.geteuid(), os.getegid())
    _write(path, spec)
    return 0


def _write(path: str, spec: dict[str, Any]) -> None:
    text = json.dumps(spec, indent="\t", ensure_ascii=False)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Conflict(f"File {os.path.basename(path)} exists. Remove it first") from None
