"""What a privileged container on cgroup v2 sees: a tree whose root is its own cgroup, with its processes in it.

    python -I cgroup_outer.py FOLDER-OF-THE-ENGINE [inside]

Started plainly it makes a cgroup, enters it, and starts itself again in a cgroup namespace and a mount namespace; that
one uses the engine before and after it has followed the engine's advice, and prints what happened as JSON. At the end
everything is as it was.
"""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from typing import Any

RESOURCES = {"pids": {"limit": 5}, "memory": {"limit": 1 << 26}}


def outside(folder: str) -> None:
    """Enter a cgroup of our own, and be the container's engine there."""
    tree = _tree()
    own = next(line[3:].strip() for line in _lines("/proc/self/cgroup") if line.startswith("0::"))
    outer = f"{tree.path}/container-of-a-test"
    with ExitStack() as undo:
        os.mkdir(outer)
        undo.callback(_remove, outer)
        _enter(outer)
        undo.callback(_enter, f"{tree.path}{own}")
        command = ["unshare", "--cgroup", "--mount", sys.executable, "-I", __file__, folder, "inside"]
        subprocess.run(command, check=True)


def inside() -> None:
    """Use the engine in the crowded cgroup, then in the one that was cleared as it advised."""
    from engine.cgroup.manager import Cgroups

    place = _tree().path
    subprocess.run(["umount", place], check=True)  # the same file system does not go twice on one place
    subprocess.run(["mount", "-t", "cgroup2", "none", place], check=True)
    line = next(line for line in reversed(_lines("/proc/self/mountinfo")) if f" {place} " in line)
    crowded = _try(Cgroups.detect(line))
    os.mkdir(f"{place}/init")
    for pid in _lines(f"{place}/cgroup.procs"):
        with open(f"{place}/init/cgroup.procs", "w") as file:
            file.write(pid)
    sys.stdout.write(json.dumps({"crowded": crowded, "cleared": _try(Cgroups.detect(line))}))


def _try(cgroups: Any) -> dict[str, Any]:
    """Limits, and a process that enters."""
    placement = cgroups.create("test", RESOURCES)
    with subprocess.Popen(["sleep", "1000"]) as child:
        with open(f"{placement.into}/cgroup.procs", "w") as file:
            file.write(str(child.pid))
        pids = cgroups.pids("test")
        cgroups.kill("test")
    cgroups.delete("test")
    return {
        "controllers": sorted(cgroups.controllers),
        "warnings": cgroups.warnings,
        "ignored": placement.ignored,
        "entered": pids == [child.pid],
        "status": child.returncode,
        "handed_down": _lines(f"{os.path.dirname(os.path.dirname(placement.into))}/cgroup.subtree_control"),
    }


def _lines(path: str) -> list[str]:
    with open(path) as file:
        return file.read().splitlines()


def _tree() -> Any:
    from engine.cgroup import detect

    return detect.found("\n".join(_lines("/proc/self/mountinfo"))).tree


def _enter(folder: str) -> None:
    with open(f"{folder}/cgroup.procs", "w") as file:
        file.write("0")


def _remove(folder: str) -> None:
    for below, _folders, _files in os.walk(folder, topdown=False):
        os.rmdir(below)


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    if sys.argv[2:] == ["inside"]:
        inside()
    else:
        outside(sys.argv[1])
