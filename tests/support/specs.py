"""A config.json that says something in every property, and what strangers may make of it."""

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from engine.runtime import template

Path = tuple[str | int, ...]
WORDS = """/ /proc /dev /dev/null .. . ../.. /tmp/x tmpfs bind proc ro rw rro idmap size=1k mode=755 rshared slave
SCMP_ACT_ERRNO SCMP_ACT_KILL SCMP_ACT_NOTIFY SCMP_ARCH_X86_64 SCMP_CMP_EQ CAP_SYS_ADMIN RLIMIT_NOFILE RLIMIT_NONE
SCHED_FIFO SCHED_OTHER IOPRIO_CLASS_RT LINUX32 user mount network time cgroup uts rwm a b c 0-1 0,1 2MB 1.0.2 9.9.9
kernel.shmmni net.core.somaxconn kernel.core_pattern""".split()
ID_MAP = [{"containerID": 0, "hostID": 700000, "size": 65536}]
HOOK = {"path": "/bin/true", "args": ["true"], "env": ["A=b"], "timeout": 2}
CALL = {"names": ["chmod", "nonesuch"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5}
ARGUMENT = {"index": 0, "value": 7, "valueTwo": 0, "op": "SCMP_CMP_EQ"}
RESOURCES: dict[str, Any] = {
    "devices": [{"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"}],
    "memory": {"limit": 1 << 26, "reservation": 1 << 25, "swap": -1, "checkBeforeUpdate": True},
    "cpu": {"shares": 512, "quota": 50000, "period": 100000, "cpus": "0", "mems": "0"},
    "pids": {"limit": 100},
    "hugepageLimits": [],
    "unified": {},
}


def full() -> dict[str, Any]:
    """A valid one for root, whose container works on this kernel."""
    spec = template.spec()
    spec["process"] |= {
        "terminal": False,
        "args": ["true"],
        "user": {"uid": 0, "gid": 0, "umask": 18, "additionalGids": [8]},
        "oomScoreAdj": 100,
        "scheduler": {"policy": "SCHED_OTHER", "nice": 1, "flags": []},
        "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 5},
    }
    spec["root"]["readonly"] = False
    spec["annotations"] = {"org.example": "x"}
    spec["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["ro", "size=1k"]})
    spec["hooks"] = {"createRuntime": [HOOK], "poststop": [HOOK]}
    spec["linux"] |= {
        "sysctl": {"kernel.shmmni": "100"},
        "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [CALL | {"args": [ARGUMENT]}]},
        "resources": RESOURCES,
        "devices": [{"type": "c", "path": "/dev/zzz", "major": 1, "minor": 3, "fileMode": 438, "uid": 0, "gid": 0}],
        "personality": {"domain": "LINUX"},
        "rootfsPropagation": "slave",
    }
    return copy.deepcopy(spec)


def mapped() -> dict[str, Any]:
    """The same in a user namespace, to which the files of the root belong to nobody: no folder can be
    made there, and devices are those of the host."""
    spec = full()
    spec["linux"] |= {"uidMappings": ID_MAP, "gidMappings": ID_MAP}
    spec["linux"]["namespaces"].append({"type": "user"})
    spec["linux"]["devices"][0] |= {"path": "/dev/zero", "minor": 5}
    return copy.deepcopy(spec)


def paths(value: Any, at: Path = ()) -> list[Path]:
    """Of everything in a document but the document."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, inner in below for path in [(*at, key), *paths(inner, (*at, key))]]


def edit(document: Any, path: Path, change: Callable[[Any, Any], None]) -> None:
    """`change(container, key)` at a path, if another edit has left it there."""
    *above, last = path
    for key in above:
        if not _has(document, key):
            return
        document = document[key]
    if isinstance(document, dict) or _has(document, last):
        change(document, last)


def _has(document: Any, key: Any) -> bool:
    if isinstance(document, list):
        return isinstance(key, int) and key < len(document)
    return isinstance(document, dict) and key in document


def leaves() -> st.SearchStrategy[Any]:
    """Values of all types, and words that mean something somewhere."""
    numbers = st.integers(-(2**65), 2**65) | st.sampled_from([-1, 0, 1, 2**31, 2**32 - 1, 2**63, 2**64])
    return st.none() | st.booleans() | numbers | st.sampled_from(WORDS) | st.text(max_size=8) | st.floats()


def values() -> st.SearchStrategy[Any]:
    """Leaves, and short lists and objects of them."""
    keys = st.sampled_from("type path options names limit size containerID hostID".split())
    return leaves() | st.lists(leaves(), max_size=2) | st.dictionaries(keys, leaves(), max_size=2)


@st.composite
def edited(
    draw: st.DrawFn, make: Callable[[], dict[str, Any]], kept: tuple[Path, ...] = (), most: int = 3
) -> dict[str, Any]:
    """A document after one to `most` edits, none of them at or below what is `kept`."""
    spec = make()
    free = [path for path in paths(spec) if not any(path[: len(keep)] == keep for keep in kept)]
    for _ in range(draw(st.integers(1, most))):
        path = draw(st.sampled_from(free))
        edit(spec, path, draw(_changes()))
    return spec


def _changes() -> st.SearchStrategy[Callable[[Any, Any], None]]:
    def put(value: Any) -> Callable[[Any, Any], None]:
        return lambda where, key: where.__setitem__(key, value)

    def twice(where: Any, key: Any) -> None:
        if isinstance(where, list):
            where.append(copy.deepcopy(where[key]))

    def gone(where: Any, key: Any) -> None:
        if isinstance(where, list) or key in where:
            del where[key]

    return st.builds(put, values()) | st.just(gone) | st.just(twice)
