"""`ps`: the processes of a container."""

import json
import os
import sys

from engine.errors import InvalidInput, SetupFailed
from engine.runtime import arguments, container, groups, lifecycle
from engine.runtime.arguments import value
from engine.runtime.call import Call
from engine.runtime.store import State, Store

USAGE = "<container-id> [ps options]\nps displays the processes running inside a container"
OPTIONS = (value("format", "table or json (default: table)", "f"),)
_DEFAULT = ("-ef",)


def main(call: Call) -> int:
    """The lines of ps(1) that are about them, or a JSON array of pids."""
    arguments.count(call.given.arguments, at_least=1, verb=call.verb)
    form = call.given.text("format", "table")
    if form not in ("table", "json"):
        raise InvalidInput("invalid format option", hint="table or json")
    store = Store(call.root)
    pids = _pids(store.read(call.id), store)
    if form == "json":
        sys.stdout.write(json.dumps(pids, separators=(",", ":")) + "\n")
        return 0
    options = [word for word in call.given.arguments[1:] if word != "--"]
    sys.stdout.write(select(_ps(options or list(_DEFAULT)), pids))
    return 0


def _pids(state: State, store: Store) -> list[int]:
    if container.status(store, state) == "stopped":
        return []
    if state.cgroup is None:
        os.close(lifecycle.open_first(state))
        return [state.pid]
    return sorted(groups.detect().pids(state.cgroup))


def _ps(options: list[str]) -> str:
    import subprocess

    try:
        done = subprocess.run(["ps", *options], capture_output=True, text=True, errors="replace", check=False)
    except FileNotFoundError as err:
        raise SetupFailed("ps was not found", hint="install procps, or use --format json") from err
    if done.returncode:
        raise SetupFailed(f"ps failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def select(text: str, pids: list[int]) -> str:
    """The header of ps(1), and the lines of these processes. Raises `SetupFailed` without a column of pids."""
    lines = text.splitlines()
    columns = lines[0].split() if lines else []
    if "PID" not in columns:
        raise SetupFailed("couldn't find PID field in ps output", hint="give options with which ps prints it")
    place = columns.index("PID")
    wanted = {str(pid) for pid in pids}
    found = [line for line in lines[1:] if line.split()[place : place + 1] and line.split()[place] in wanted]
    return "".join(f"{line}\n" for line in [lines[0], *found])
