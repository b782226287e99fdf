"""What a test may leave behind: nothing.

Everything of the host that the engine touches is listed before and after a test. On a machine where another engine
is at work, what belongs to that one is left out; it is known by the folders in its command line.
"""

import os
import re
import shutil
import subprocess
import time
from collections import Counter
from typing import NamedTuple

from support.waiting import SLOW

from engine.network import names

_OF_ENGINES = ("qd", "qi", "veth")
PREFIX = f"/tmp/qd{os.getpid()}-"
"""The folders of this test run's engines begin with it."""
ROOTS: set[str] = set()
"""The state roots of this test run's engines."""
_TABLE = re.compile(r" quarterdeck(?:-([0-9a-f]{6}))?$")
_SETTLE_SECONDS = 10.0
"""The kernel lets go of a cgroup and reaps a process a little after it is told to."""


class Belongings(NamedTuple):
    """Names of what is there; two of them are compared."""

    mounts: frozenset[str]
    namespaces: frozenset[str]
    links: frozenset[str]
    cgroups: frozenset[str]
    tables: frozenset[str]
    processes: frozenset[str]
    descriptors: frozenset[str]
    devices: frozenset[str]
    """Owner and mode of those that every container is given: it must not be the host's node that is changed."""


def take() -> Belongings:
    """What is there now."""
    processes = _Processes()
    return Belongings(
        mounts=_mounts(),
        namespaces=_names("/run/netns"),
        links=_links(),
        cgroups=_cgroups(processes),
        tables=_tables(),
        processes=processes.ours(),
        descriptors=_descriptors(),
        devices=_devices(),
    )


def difference(before: Belongings, seconds: float = _SETTLE_SECONDS) -> list[str]:
    """What differs from `before`, one line each, once it no longer changes or the time is over."""
    deadline = time.monotonic() + seconds * SLOW
    while (lines := compare(before, take())) and time.monotonic() < deadline:
        time.sleep(0.05)
    return lines


def compare(before: Belongings, after: Belongings) -> list[str]:
    """One line for each thing that is only on one side. A cgroup or a pair that is gone was another engine's."""
    lines = []
    for kind, old, new in zip(Belongings._fields, before, after, strict=True):
        lines += [f"{kind}: left behind: {name}" for name in sorted(new - old)]
        if kind != "cgroups":
            lines += [f"{kind}: gone: {name}" for name in sorted(old - new) if not _comes_and_goes(kind, name)]
    return lines


def _comes_and_goes(kind: str, name: str) -> bool:
    """Links and tables of another engine, ended meanwhile."""
    return (kind == "links" and name.startswith(_OF_ENGINES)) or (kind == "tables" and "quarterdeck" in name)


def _mounts() -> frozenset[str]:
    """Mount points with their types; ids change when something unrelated is mounted again."""
    with open("/proc/self/mountinfo") as file:
        fields = [line.split() for line in file]
    return frozenset(f"{field[4]} {field[field.index('-') + 1]}" for field in fields)


def _names(folder: str) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))
    except FileNotFoundError:
        return frozenset()


def _links() -> frozenset[str]:
    """Links of the host but those of another engine, which is known by the tag that each of its links has."""
    tags = _our_tags()
    return frozenset(name for name in _names("/sys/class/net") if not _is_foreign_link(name, tags))


def _is_foreign_link(name: str, tags: frozenset[str]) -> bool:
    mark, _, tag = _text(f"/sys/class/net/{name}/ifalias").strip().partition(":")
    return mark == "quarterdeck" and tag not in tags


def _tables() -> frozenset[str]:
    """nft tables of every family but those of another engine."""
    if shutil.which("nft") is None:
        return frozenset()
    result = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, timeout=30)
    tags = _our_tags()
    found = {line: _TABLE.search(line) for line in result.stdout.splitlines()}
    return frozenset(line for line, match in found.items() if match is None or (match[1] or "") in tags)


def _our_tags() -> frozenset[str]:
    """Of every engine that this test run has made, there or gone; none has the usual root's empty one."""
    return frozenset(names.tag_of(root) for root in ROOTS)


def _descriptors() -> frozenset[str]:
    """Kinds with a running number: an inode says nothing, one more of a kind does."""
    counts: Counter[str] = Counter()
    for fd in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{fd}")
        except FileNotFoundError:
            continue  # the listing's own
        counts[re.sub(r"\d+", "N", target)] += 1
    return frozenset(f"{kind} ({n + 1})" for kind, count in counts.items() for n in range(count))


def _devices() -> frozenset[str]:
    found = {name: os.stat(f"/dev/{name}") for name in ("null", "zero", "full", "random", "urandom", "tty")}
    return frozenset(f"{name} {info.st_uid}:{info.st_gid} {info.st_mode:o}" for name, info in found.items())


def _cgroups(processes: "_Processes") -> frozenset[str]:
    """The engine's directories without a directory below, in every hierarchy."""
    found = set()
    for mount in _mounts():
        path, kind = mount.rsplit(" ", 1)
        if kind not in ("cgroup", "cgroup2"):
            continue
        for folder, below, _files in os.walk(f"{path}/quarterdeck"):
            if not below and not processes.is_foreign_cgroup(folder):
                found.add(folder)
    return frozenset(found)


class _Processes:
    """All processes at one moment, and which of them belong to this test run."""

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}
        self._commands: dict[int, str] = {}
        self._marks: dict[int, str] = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                self._read(int(name))

    def _read(self, pid: int) -> None:
        try:
            with open(f"/proc/{pid}/stat") as file:
                state, parent, *_ = file.read().rpartition(")")[2].split()
            if state == "Z" and parent in ("1", str(os.getpid())):
                return  # ended; init reaps it, or subprocess does when it starts the next one
            self._parents[pid] = int(parent)
            self._commands[pid] = _text(f"/proc/{pid}/cmdline")
            self._marks[pid] = self._mark(pid)
        except (FileNotFoundError, ProcessLookupError):
            self._parents.pop(pid, None)

    def _mark(self, pid: int) -> str:
        """ours, foreign (another engine's own process), stray (in an engine's cgroup) or nothing."""
        if pid == os.getpid() or PREFIX in self._commands[pid] or f"={PREFIX}" in _text(f"/proc/{pid}/environ"):
            return "ours"
        if re.search(r"launch\.py (keeper|supervisor|worker) ", self._commands[pid]):
            return "foreign"
        return "stray" if "/quarterdeck/" in _text(f"/proc/{pid}/cgroup") else ""

    def _belonging(self, pid: int) -> str:
        """The mark of the nearest ancestor that says ours or foreign. Stray is only what has no parent but init: a
        container with another one is being tested by somebody else."""
        above = pid
        while above in self._parents and self._marks[above] == "stray":
            above = self._parents[above]
        orphaned = above != pid and above == 1
        while above in self._parents:
            if self._marks[above] in ("ours", "foreign"):
                return self._marks[above]
            above = self._parents[above]
        return "stray" if orphaned else ""

    def ours(self) -> frozenset[str]:
        """Our engines, their containers, everything started by this process, and containers that nobody owns."""
        pids = [pid for pid in self._parents if pid != os.getpid() and self._belonging(pid) in ("ours", "stray")]
        return frozenset(f"{pid} {self._commands[pid].strip()}" for pid in pids)

    def is_foreign_cgroup(self, folder: str) -> bool:
        """Whether it belongs to another engine: that one's container is in its folder, or lives in the cgroup."""
        name = os.path.basename(folder)
        if any(os.path.exists(f"{root}/containers/{name}") for root in self._foreign_roots()):
            return True
        pids = [int(pid) for pid in _text(f"{folder}/cgroup.procs").split()]
        return any(self._belonging(pid) == "foreign" for pid in pids)

    def _foreign_roots(self) -> set[str]:
        commands = [command for pid, command in self._commands.items() if self._marks.get(pid) == "foreign"]
        return {match[1] for command in commands if (match := re.search(r"launch\.py supervisor (\S+) ", command))}


def _text(path: str) -> str:
    """A file of /proc or a cgroup, NUL as a blank; empty when it is gone or not ours to read."""
    try:
        with open(path, "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
