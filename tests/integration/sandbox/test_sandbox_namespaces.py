"""Namespaces of a container in every mix: new, given by path, the host's; and what of it is refused."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from support.box import Box, Running

from engine import errors

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces", "overlay")]

IDS = [{"containerID": 0, "hostID": 0x7000_0000, "size": 65536}]
FILES = {"mount": "mnt", "network": "net"}
TYPES = ("pid", "ipc", "uts", "network", "cgroup", "time", "user")
NEW = [{"type": kind} for kind in ("mount", "pid", "ipc", "uts", "network", "cgroup")]


def having(box: Box, namespaces: list[dict[str, str]], **linux: Any) -> Box:
    """The box whose containers have exactly these namespaces."""

    def change(spec: dict[str, Any]) -> None:
        spec["linux"] |= {"namespaces": namespaces, "sysctl": {}} | linux
        if not any(entry["type"] == "uts" for entry in namespaces):
            spec.pop("hostname", None)

    box.change = change
    return box


def isolated(box: Box, **linux: Any) -> Box:
    return having(box, [*NEW, {"type": "user"}], **({"uidMappings": IDS, "gidMappings": IDS} | linux))


def inode(pid: int | str, kind: str) -> str:
    return os.readlink(f"/proc/{pid}/ns/{FILES.get(kind, kind)}")


@pytest.fixture
def running(layered: Box) -> Iterator[Callable[[Box], Running]]:
    """Start a container that sleeps, and end it after the test."""
    started: list[Running] = []

    def start(box: Box) -> Running:
        started.append(box.start("sleep", "1000").until_exec())
        return started[-1]

    yield start
    for one in reversed(started):  # pid 1 does not end before a child of ours in its namespace has been reaped
        one.kill()
        one.outcome()


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind not in ("user", "time")])
def test_a_namespace_that_is_not_asked_for_is_the_hosts(box: Box, running: Callable[[Box], Running], kind: str) -> None:
    one = running(having(box, [entry for entry in NEW if entry["type"] != kind]))
    assert one.error is None
    assert inode(one.pid, kind) == inode("self", kind)


@pytest.mark.parametrize("kind", ["pid", "ipc", "uts", "network", "cgroup", "time", "mount"])
def test_a_new_namespace_is_none_of_the_hosts(box: Box, running: Callable[[Box], Running], kind: str) -> None:
    one = running(having(box, [*NEW, {"type": "time"}]))
    assert one.error is None
    assert inode(one.pid, kind) != inode("self", kind)


@pytest.mark.parametrize("kind", ["pid", "ipc", "uts", "network", "cgroup"])
def test_a_namespace_given_by_path_is_entered(
    layered: Box, box: Box, running: Callable[[Box], Running], kind: str
) -> None:
    first = running(having(layered, NEW))
    path = f"/proc/{first.pid}/ns/{FILES.get(kind, kind)}"
    second = running(having(box, [*(entry for entry in NEW if entry["type"] != kind), {"type": kind, "path": path}]))
    assert second.error is None
    assert inode(second.pid, kind) == inode(first.pid, kind)
    assert inode(second.pid, "mount") != inode(first.pid, "mount")


def test_a_container_in_the_user_namespace_of_another_has_a_proc_of_its_own(
    layered: Box, box: Box, running: Callable[[Box], Running]
) -> None:
    first = running(isolated(layered))
    box.root["idmap"] = True
    namespaces = [*NEW, {"type": "user", "path": f"/proc/{first.pid}/ns/user"}]
    outcome = having(box, namespaces).run("ls -l /proc/self/ns/user; echo $$; id -u; ls -ldn /etc/passwd")
    assert outcome.error is None
    user, pid, uid, listed = outcome.out.splitlines()
    assert (user.split()[-1], pid, uid) == (inode(first.pid, "user"), "1", "0")
    assert listed.split()[2] == "0"


def test_a_child_that_fails_before_its_parent_has_prepared_it_says_why(layered: Box) -> None:
    box = isolated(layered)
    box.join = ("/nonesuch/tasks",)
    assert "cannot join the cgroup /nonesuch" in failure(box)


def failure(box: Box) -> str:
    """In whichever way it is told."""
    try:
        error = box.run("true").error
    except errors.EngineError as err:
        return err.message
    assert error is not None
    return error.message


def test_offsets_shift_the_clocks_of_a_time_namespace(box: Box) -> None:
    offsets = {"boottime": {"secs": 86400 * 1000}, "monotonic": {"secs": 7, "nanosecs": 5}}
    outcome = having(box, [*NEW, {"type": "time"}], timeOffsets=offsets).run(
        "cat /proc/uptime /proc/self/timens_offsets"
    )
    uptime, *rows = outcome.out.splitlines()
    assert float(uptime.split()[0]) > 86400 * 1000
    assert [row.split() for row in rows] == [["monotonic", "7", "5"], ["boottime", str(86400 * 1000), "0"]]


REFUSED: dict[str, tuple[list[dict[str, str]], dict[str, Any], str]] = {
    "twice": ([*NEW, {"type": "ipc"}], {}, 'duplicated ns "ipc"'),
    "unknown": ([*NEW, {"type": "colour"}], {}, "unknown namespace type"),
    "relative": ([*NEW[:3], {"type": "uts", "path": "ns/uts"}], {}, "is not absolute"),
    "another type": ([*NEW[:3], {"type": "uts", "path": "/proc/self/ns/ipc"}], {}, "is not a uts namespace"),
    "no namespace": ([*NEW[:3], {"type": "uts", "path": "/etc/passwd"}], {}, "is not a uts namespace"),
    "missing": ([*NEW[:3], {"type": "uts", "path": "/nonesuch"}], {}, "cannot open the uts namespace /nonesuch"),
    "maps without a namespace": (NEW, {"uidMappings": IDS}, "user namespace isn't enabled"),
    "a namespace without maps": ([*NEW, {"type": "user"}], {}, "no uid mappings found"),
    "offsets without a namespace": (NEW, {"timeOffsets": {"boottime": {"secs": 1}}}, "time namespace isn't enabled"),
    "an unknown clock": ([*NEW, {"type": "time"}], {"timeOffsets": {"realtime": {}}}, "has no time offset"),
    "an empty range": ([*NEW, {"type": "user"}], {"uidMappings": [{**IDS[0], "size": 0}]}, "a range that is none"),
    "no number": ([*NEW, {"type": "user"}], {"uidMappings": [{**IDS[0], "size": "1"}]}, "size"),
    "too high": ([*NEW, {"type": "user"}], {"uidMappings": [{**IDS[0], "size": 1 << 32}]}, "size"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_before_a_process_is_made(box: Box, what: str) -> None:
    namespaces, linux, words = REFUSED[what]
    with pytest.raises(errors.InvalidInput, match=words):
        having(box, namespaces, **linux).run("true")


def test_ranges_that_overlap_are_refused_by_the_kernel_and_nothing_stays(box: Box) -> None:
    box.root["idmap"] = True
    with pytest.raises(errors.SetupFailed, match="refuses the uid_map"):
        isolated(box, uidMappings=[*IDS, {**IDS[0], "hostID": 0}]).run("true")


def test_several_ranges_map_several_ids(layered: Box) -> None:
    layered.root["idmap"] = True
    ranges = [{"containerID": 0, "hostID": 0x7000_0000, "size": 10}, {"containerID": 1000, "hostID": 50, "size": 1}]
    outcome = isolated(layered, uidMappings=ranges).run("cat /proc/self/uid_map")
    assert [line.split() for line in outcome.out.splitlines()] == [["0", str(0x7000_0000), "10"], ["1000", "50", "1"]]


def test_a_program_enters_the_user_namespace_of_a_container_as_its_root(
    layered: Box, running: Callable[[Box], Running]
) -> None:
    layered.root["idmap"] = True
    one = running(isolated(layered))
    entered = layered.enter(one.pid, "ls -l /proc/self/ns/user; id -u").until_exec()
    outcome = entered.outcome()
    assert outcome.error is None
    user, uid = outcome.out.splitlines()
    assert (user.split()[-1], uid) == (inode(one.pid, "user"), "0")


def test_a_program_enters_a_container_that_shares_namespaces_with_the_host(
    box: Box, running: Callable[[Box], Running]
) -> None:
    one = running(having(box, [{"type": "mount"}, {"type": "uts"}]))
    outcome = box.enter(one.pid, "ls -l /proc/self/ns/mnt").until_exec().outcome()
    assert (outcome.error, outcome.out.split()[-1]) == (None, inode(one.pid, "mount"))
