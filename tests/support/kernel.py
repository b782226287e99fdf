"""What the kernel says of a process, read from its own files and from nothing that the engine claims."""

import os
from pathlib import Path


def cgroup_file(pid: int, controller: str, v1: str, v2: str) -> str:
    """The text of the controller's file for this process: `v1` or `v2`, whichever hierarchy has the controller."""
    folder, version = _cgroup(pid, controller)
    return (folder / (v1 if version == 1 else v2)).read_text().strip()


def cgroup_version(controller: str) -> int:
    """1 or 2: which hierarchy has this controller on this host."""
    return _cgroup(os.getpid(), controller)[1]


def _cgroup(pid: int, controller: str) -> tuple[Path, int]:
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        number, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return _mount_of("cgroup", controller) / path.lstrip("/"), 1
        if number == "0":
            unified = path
    return _mount_of("cgroup2", "") / unified.lstrip("/"), 2


def _mount_of(kind: str, option: str) -> Path:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split()
        tail = fields[fields.index("-") + 1 :]
        if tail[0] == kind and (not option or option in tail[2].split(",")):
            return Path(fields[4])
    raise LookupError(f"no {kind} {option} is mounted")


def status(text: str) -> dict[str, str]:
    """/proc/PID/status as fields."""
    return {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}


def is_alive(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return status(Path(f"/proc/{pid}/status").read_text())["State"][0] != "Z"
    except FileNotFoundError:
        return False


def descriptors(pid: int) -> int:
    """How many descriptors the process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))
