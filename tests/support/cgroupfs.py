"""A plain directory that plays the kernel's cgroup file systems.

It knows the rules that the engine depends on and none besides; tests/support/cgroup_cases.py holds it and the real
kernel to the same cases. Any of its calls can be made to fail, by its number.
"""

import errno
import os
from pathlib import Path
from typing import Any, NamedTuple

from engine.cgroup.convert import parse_list
from engine.cgroup.kernfs import Kernfs

CPUS, MEMS = "0-3", "0"
V1_UNLIMITED = 0x7FFFFFFFFFFFF000

V1_FILES: dict[str, dict[str, str]] = {
    "cpu": {
        "cpu.shares": "1024",
        "cpu.cfs_period_us": "100000",
        "cpu.cfs_quota_us": "-1",
        "cpu.stat": "nr_periods 0\nnr_throttled 0\nthrottled_time 0",
    },
    "cpuacct": {"cpuacct.usage": "0", "cpuacct.stat": "user 0\nsystem 0"},
    "cpuset": {"cpuset.cpus": "", "cpuset.mems": ""},
    "memory": {
        "memory.limit_in_bytes": str(V1_UNLIMITED),
        "memory.memsw.limit_in_bytes": str(V1_UNLIMITED),
        "memory.soft_limit_in_bytes": str(V1_UNLIMITED),
        "memory.usage_in_bytes": "0",
        "memory.max_usage_in_bytes": "0",
        "memory.stat": "total_cache 0\ntotal_inactive_file 0",
        "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 0",
        "memory.use_hierarchy": "1",
    },
    "devices": {"devices.allow": "", "devices.deny": "", "devices.list": "a *:* rwm"},
    "freezer": {"freezer.state": "THAWED"},
    "blkio": {
        "blkio.throttle.read_bps_device": "",
        "blkio.throttle.write_bps_device": "",
        "blkio.throttle.read_iops_device": "",
        "blkio.throttle.write_iops_device": "",
        "blkio.throttle.io_service_bytes_recursive": "Total 0",
    },
    "pids": {"pids.max": "max", "pids.current": "0"},
}
V2_FILES: dict[str, dict[str, str]] = {
    "cpu": {"cpu.max": "max 100000", "cpu.weight": "100"},
    "cpuset": {
        "cpuset.cpus": "",
        "cpuset.mems": "",
        "cpuset.cpus.effective": CPUS,
        "cpuset.mems.effective": MEMS,
    },
    "memory": {
        "memory.max": "max",
        "memory.low": "0",
        "memory.swap.max": "max",
        "memory.current": "0",
        "memory.stat": "inactive_file 0\nactive_file 0",
        "memory.events": "oom 0\noom_kill 0",
    },
    "pids": {"pids.max": "max", "pids.current": "0"},
    "io": {"io.max": "", "io.weight": "default 100", "io.stat": ""},
}
_V2_CORE = {
    "cgroup.type": "domain",
    "cgroup.procs": "",
    "cgroup.controllers": "",
    "cgroup.subtree_control": "",
    "cgroup.freeze": "0",
    "cgroup.kill": "",
    "cgroup.events": "populated 0\nfrozen 0",
    "cpu.stat": "usage_usec 0\nuser_usec 0\nsystem_usec 0",
}


class Layout(NamedTuple):
    """Which file systems there are; v2 is None for none, or its controllers."""

    v1: tuple[tuple[str, ...], ...] = ()
    v2: tuple[str, ...] | None = None


LAYOUTS = {
    "v1": Layout(v1=tuple((controller,) for controller in V1_FILES)),
    "v1, co-mounted": Layout(
        v1=(("cpu", "cpuacct"), ("cpuset",), ("memory",), ("devices", "freezer", "blkio", "pids"))
    ),
    "v2": Layout(v2=tuple(V2_FILES)),
    "hybrid": Layout(v1=tuple((controller,) for controller in V1_FILES), v2=()),
    "hybrid, memory on v2": Layout(v1=(("cpu", "cpuacct"), ("cpuset",), ("freezer",), ("pids",)), v2=("memory", "io")),
}


class FakeCgroupfs(Kernfs):
    """`mountinfo` is the mount table that shows it."""

    def __init__(self, root: Path, layout: Layout) -> None:
        self.calls = 0
        self.guarded: dict[str, list[dict[str, Any]]] = {}
        """Cgroups whose devices are denied, with the rules."""
        self._dying: set[int] = set()
        """Killed, and perhaps frozen: on v1 a process dies only when it is thawed."""
        self.fail_at: int | None = None
        """The number of the changing call (mkdir, rmdir, write), from 1, that fails with EIO."""
        self._v1 = {str(root / ",".join(names)): names for names in layout.v1}
        self._v2 = {} if layout.v2 is None else {str(root / "unified"): layout.v2}
        device = root.stat().st_dev
        number = f"{os.major(device)}:{os.minor(device)}"
        lines = [f"30 20 {number} / {path} rw - cgroup cgroup rw,{','.join(n)}" for path, n in self._v1.items()]
        lines += [f"40 20 {number} / {path} rw - cgroup2 cgroup2 rw,nsdelegate" for path in self._v2]
        self.mountinfo = "\n".join(lines)
        for path in self._v1:
            os.mkdir(path)
            self._fill(path, self._files_of(path))
            if "cpuset" in self._v1[path]:
                self._fill(path, {"cpuset.cpus": CPUS, "cpuset.mems": MEMS})
        for path, names in self._v2.items():
            os.mkdir(path)
            self._fill(path, {"cgroup.procs": "", "cgroup.controllers": " ".join(names), "cgroup.subtree_control": ""})

    def mkdir(self, path: str) -> None:
        self._count(path)
        os.mkdir(path)
        self._fill(path, self._files_of(path))

    def rmdir(self, path: str) -> None:
        self._count(path)
        if not os.path.isdir(path):
            raise FileNotFoundError(errno.ENOENT, "not there", path)
        if self._pids(path) or self.children(path):
            raise OSError(errno.EBUSY, "busy", path)
        for name in os.listdir(path):
            os.unlink(f"{path}/{name}")
        os.rmdir(path)

    def guard_devices(self, path: str, rules: list[dict[str, Any]]) -> None:
        self._count(path)
        self.guarded[path] = rules

    def write(self, path: str, value: str) -> None:
        self._count(path)
        folder, name = os.path.split(path)
        if not os.path.exists(path):
            raise FileNotFoundError(errno.ENOENT, "not there", path)
        result = getattr(self, _RULES[name])(folder, value) if name in _RULES else value
        if result is not None:
            self._fill(folder, {name: result})

    def signal(self, pid: int) -> None:
        found = [folder for folder in self._folders() if pid in self._pids(folder)]
        if not found:
            raise ProcessLookupError(pid)
        self._dying.add(pid)
        if not any(self.text(folder, "freezer.state").strip() == "FROZEN" for folder in found):
            self._end()

    def text(self, folder: str, name: str) -> str:
        """A file, or nothing."""
        return self.read_or(f"{folder}/{name}", "")

    def _fill(self, folder: str, files: dict[str, str]) -> None:
        for name, text in files.items():
            Path(folder, name).write_text(f"{text}\n" if text else "")

    def _files_of(self, path: str) -> dict[str, str]:
        for root, controllers in self._v1.items():
            if path == root or path.startswith(f"{root}/"):
                files = {name: text for c in controllers for name, text in V1_FILES[c].items()}
                return {"tasks": "", "cgroup.procs": "", **files}
        enabled = self.text(os.path.dirname(path), "cgroup.subtree_control").split()
        files = {name: text for c in enabled for name, text in V2_FILES[c].items()}
        return {**_V2_CORE, "cgroup.controllers": " ".join(enabled), **files}

    def _folders(self) -> list[str]:
        return [folder for root in (*self._v1, *self._v2) for folder in self.tree(root)]

    def _pids(self, folder: str) -> list[int]:
        return [int(word) for word in self.text(folder, "cgroup.procs").split()]

    def _set_pids(self, folder: str, pids: list[int]) -> None:
        self._fill(folder, {"cgroup.procs": "\n".join(map(str, pids))})
        if os.path.exists(f"{folder}/cgroup.events"):
            frozen = self.text(folder, "cgroup.freeze").strip()
            self._fill(folder, {"cgroup.events": f"populated {int(bool(pids))}\nfrozen {frozen}"})

    def _count(self, path: str) -> None:
        self.calls += 1
        if self.calls == self.fail_at:
            raise OSError(errno.EIO, "made to fail", path)

    def join(self, folder: str, value: str) -> None:
        """A process, by its number, enters."""
        if os.path.exists(f"{folder}/cpuset.cpus") and not os.path.exists(f"{folder}/cgroup.type"):
            self._require(bool(self.text(folder, "cpuset.cpus").strip()), errno.ENOSPC)
        self._set_pids(folder, [*self._pids(folder), int(value)])

    def _require(self, condition: bool, code: int) -> None:
        if not condition:
            raise OSError(code, os.strerror(code))

    def _number(self, folder: str, name: str, default: int = 0) -> int:
        return int(self.text(folder, name).strip() or default)

    def _v1_bytes(self, value: str) -> int:
        self._require(value == "-1" or value.isdigit(), errno.EINVAL)
        return V1_UNLIMITED if value == "-1" else min(int(value) // 4096 * 4096, V1_UNLIMITED)

    def memory_limit(self, folder: str, value: str) -> str:
        limit = self._v1_bytes(value)
        self._require(limit <= self._number(folder, "memory.memsw.limit_in_bytes", V1_UNLIMITED), errno.EINVAL)
        self._require(limit >= self._number(folder, "memory.usage_in_bytes"), errno.EBUSY)
        return str(limit)

    def memsw_limit(self, folder: str, value: str) -> str:
        limit = self._v1_bytes(value)
        self._require(limit >= self._number(folder, "memory.limit_in_bytes"), errno.EINVAL)
        return str(limit)

    def cpuset_cpus(self, folder: str, value: str) -> str:
        return self._cpuset(folder, "cpuset.cpus", value, CPUS)

    def cpuset_mems(self, folder: str, value: str) -> str:
        return self._cpuset(folder, "cpuset.mems", value, MEMS)

    def _cpuset(self, folder: str, file: str, value: str, host: str) -> str:
        if os.path.exists(f"{folder}/cgroup.type"):
            effective = sorted(parse_list(value) & parse_list(host)) or sorted(parse_list(host))
            self._fill(folder, {f"{file}.effective": ",".join(map(str, effective))})
        else:
            self._require(parse_list(value) <= parse_list(self.text(os.path.dirname(folder), file)), errno.EACCES)
        return value

    def subtree_control(self, folder: str, value: str) -> str:
        name = value.removeprefix("+")
        self._require(name in self.text(folder, "cgroup.controllers").split(), errno.ENOENT)
        self._require(not os.path.exists(f"{folder}/cgroup.type") or not self._pids(folder), errno.EBUSY)
        for child in self.children(folder):
            self._fill(f"{folder}/{child}", V2_FILES[name])
            has = self.text(f"{folder}/{child}", "cgroup.controllers").split()
            self._fill(f"{folder}/{child}", {"cgroup.controllers": " ".join([*has, name])})
        return f"{self.text(folder, 'cgroup.subtree_control').strip()} {name}".strip()

    def freeze(self, folder: str, value: str) -> str:
        populated = int(bool(self._pids(folder)))
        self._fill(folder, {"cgroup.events": f"populated {populated}\nfrozen {value}"})
        return value

    def kill(self, folder: str, _value: str) -> None:
        for below in self.tree(folder):
            for pid in self._pids(below):
                self.signal(pid)

    def freezer_state(self, folder: str, value: str) -> str:
        self._fill(folder, {"freezer.state": value})
        if value == "THAWED":
            self._end()
        return value

    def _end(self) -> None:
        for folder in self._folders():
            if self._dying & set(self._pids(folder)):
                self._set_pids(folder, [pid for pid in self._pids(folder) if pid not in self._dying])

    def cpu_max(self, folder: str, value: str) -> str:
        return value if " " in value else f"{value} {self.text(folder, 'cpu.max').split()[1]}"

    def shares(self, _folder: str, value: str) -> str:
        return str(min(max(int(value), 2), 1 << 18))

    def pids_max(self, _folder: str, value: str) -> str:
        self._require(value == "max" or value.isdigit(), errno.EINVAL)
        return value

    def devices_allow(self, folder: str, value: str) -> None:
        self._fill(folder, {"devices.list": f"{self.text(folder, 'devices.list')}{value}"})

    def devices_deny(self, folder: str, value: str) -> None:
        self._require(value == "a", errno.EINVAL)
        self._fill(folder, {"devices.list": ""})

    def io_weight(self, _folder: str, value: str) -> str:
        self._require(1 <= int(value.removeprefix("default ")) <= 10_000, errno.ERANGE)
        return value


_RULES = {
    "tasks": "join",
    "cgroup.procs": "join",
    "memory.limit_in_bytes": "memory_limit",
    "memory.memsw.limit_in_bytes": "memsw_limit",
    "cpuset.cpus": "cpuset_cpus",
    "cpuset.mems": "cpuset_mems",
    "cgroup.subtree_control": "subtree_control",
    "cgroup.freeze": "freeze",
    "cgroup.kill": "kill",
    "freezer.state": "freezer_state",
    "cpu.shares": "shares",
    "cpu.max": "cpu_max",
    "pids.max": "pids_max",
    "devices.allow": "devices_allow",
    "devices.deny": "devices_deny",
    "io.weight": "io_weight",
}
"""What a write into a file does, where it is more than to be there afterwards."""
