"""`list`: every container of a root folder."""

import json
import sys
from typing import Any

from engine.errors import EngineError, InvalidInput
from engine.runtime import container
from engine.runtime.arguments import flag, value
from engine.runtime.call import Call
from engine.runtime.store import Store

USAGE = "\nlists containers"
OPTIONS = (
    value("format", "table or json (default: table)", "f"),
    flag("quiet", "print ids only", "q"),
)
_COLUMNS = ("id", "pid", "status", "bundle", "created", "owner")
_WIDTH, _GAP = 12, 3


def main(call: Call) -> int:
    """A table, ids, or one JSON array."""
    form = call.given.text("format", "table")
    if form not in ("table", "json"):
        raise InvalidInput(f"invalid format option: {form}", hint="table or json")
    found = _found(call)
    if call.has("quiet"):
        sys.stdout.write("".join(f"{entry['id']}\n" for entry in found))
    elif form == "json":
        sys.stdout.write(json.dumps(found or None, separators=(",", ":"), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(table([tuple(name.upper() for name in _COLUMNS), *map(_row, found)]))
    return 0


def _found(call: Call) -> list[dict[str, Any]]:
    """One that vanishes meanwhile, or cannot be read, is left out with a word."""
    store, found = Store(call.root), []
    for container_id in store.ids():
        try:
            found.append(container.shown(store, store.read(container_id)))
        except EngineError as err:
            call.log.warn(err.message)
    return found


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(entry[name]) for name in _COLUMNS)


def table(rows: list[tuple[str, ...]]) -> str:
    """Columns at least twelve wide, three apart."""
    widths = [max(_WIDTH, *(len(row[place]) + _GAP for row in rows)) for place in range(len(rows[0]) - 1)]
    lines = ("".join(f"{cell:<{width}}" for cell, width in zip(row, [*widths, 0], strict=True)) for row in rows)
    return "".join(f"{line}\n" for line in lines)
