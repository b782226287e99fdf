"""Which namespaces a spec asks for, and the maps of a user namespace."""

import os
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidInput
from engine.kernel import const
from engine.sandbox import mappings, namespaces, userns
from engine.sandbox.mappings import Mapping

ONE = [{"containerID": 0, "hostID": 1000, "size": 1}]


def linux(*kinds: str, **more: Any) -> dict[str, Any]:
    return {"namespaces": [{"type": kind} for kind in kinds], **more}


def test_a_namespace_is_new_or_given_by_path_or_the_hosts() -> None:
    wanted = namespaces.parse({"namespaces": [{"type": "pid"}, {"type": "network", "path": "/proc/1/ns/net"}]})
    assert wanted.new == {"pid"}
    assert wanted.paths == {"network": "/proc/1/ns/net"}
    assert [wanted.has(kind) for kind in ("pid", "network", "uts")] == [True, True, False]


def test_without_a_list_all_are_the_hosts() -> None:
    for section in ({}, {"namespaces": []}, {"namespaces": None}):
        assert namespaces.parse(section) == namespaces.Wanted()


@pytest.mark.parametrize(
    ("section", "words"),
    [
        (linux("pid", "pid"), 'duplicated ns "pid"'),
        (linux("colour"), "unknown namespace type 'colour'"),
        ({"namespaces": [{"path": "/x"}]}, "unknown namespace type ''"),
        ({"namespaces": [{"type": "pid", "path": "proc/1"}]}, "is not absolute"),
        ({"namespaces": {}}, "namespaces"),
        ({"namespaces": ["pid"]}, "namespaces"),
        (linux("user"), "no uid mappings found"),
        (linux("user", uidMappings=ONE), "no gid mappings found"),
        (linux("pid", uidMappings=ONE), "user namespace isn't enabled"),
        (linux("pid", timeOffsets={"monotonic": {"secs": 1}}), "time namespace isn't enabled"),
        (linux("time", timeOffsets={"realtime": {"secs": 1}}), "the clock 'realtime' has no time offset"),
        (linux("time", timeOffsets={"monotonic": 5}), "not an object"),
        (linux("time", timeOffsets={"monotonic": {"nanosecs": 10**9}}), "nanosecs"),
        (linux("time", timeOffsets={"monotonic": {"secs": 1 << 63}}), "secs"),
        (linux("time", timeOffsets={"monotonic": {"secs": True}}), "secs"),
    ],
)
def test_what_cannot_be_made_is_refused_in_words(section: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        namespaces.parse(section)


def test_maps_and_clocks_are_read() -> None:
    clocks = {"boottime": {"secs": -5, "nanosecs": 7}}
    wanted = namespaces.parse(linux("user", "time", uidMappings=ONE, gidMappings=ONE, timeOffsets=clocks))
    assert wanted.uids == wanted.gids == (Mapping(0, 1000, 1),)
    assert wanted.offsets == {"boottime": (-5, 7)}


def test_a_given_user_namespace_needs_no_maps() -> None:
    assert namespaces.parse({"namespaces": [{"type": "user", "path": "/proc/1/ns/user"}]}).uids == ()


@pytest.mark.parametrize(
    "entry",
    [
        {"containerID": 0, "hostID": 0, "size": 0},
        {"containerID": 0, "hostID": 0},
        {"containerID": -1, "hostID": 0, "size": 1},
        {"containerID": 0, "hostID": (1 << 32) - 1, "size": 2},
        {"containerID": "0", "hostID": 0, "size": 1},
        {"containerID": 0, "hostID": 0, "size": 1.5},
    ],
)
def test_a_range_that_is_none_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        mappings.parse([entry], "uid mappings")


def test_more_ranges_than_the_kernel_takes_are_refused() -> None:
    entries = [{"containerID": number, "hostID": number, "size": 1} for number in range(mappings.MAPPINGS_MAX + 1)]
    assert len(mappings.parse(entries[:-1], "uid mappings")) == mappings.MAPPINGS_MAX
    with pytest.raises(InvalidInput, match="340 are the most"):
        mappings.parse(entries, "uid mappings")


def test_only_user_and_pid_namespaces_are_made_by_the_clone() -> None:
    wanted = namespaces.parse(linux("user", "pid", "mount", "network", uidMappings=ONE, gidMappings=ONE))
    assert namespaces.at_clone(wanted) == const.CLONE_NEWUSER | const.CLONE_NEWPID
    assert namespaces.at_clone(namespaces.parse(linux("mount"))) == 0


def test_the_user_namespace_is_entered_first_and_the_mount_namespace_last() -> None:
    assert next(iter(namespaces.FLAGS)) == "user"
    assert list(namespaces.FLAGS)[-1] == "mount"


def test_a_path_is_opened_only_as_what_it_is_said_to_be() -> None:
    with namespaces.opened(namespaces.Wanted(paths={"uts": "/proc/self/ns/uts"})) as given:
        assert os.readlink(f"/proc/self/fd/{given['uts']}") == os.readlink("/proc/self/ns/uts")
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(given["uts"])


@pytest.mark.parametrize("path", ["/proc/self/ns/ipc", "/dev/null", "/proc/self/status", "/"])
def test_a_path_of_something_else_is_refused(path: str) -> None:
    with (
        pytest.raises(InvalidInput, match="is not a uts namespace"),
        namespaces.opened(namespaces.Wanted(paths={"uts": path})),
    ):
        pass


def test_a_path_that_leads_nowhere_is_told() -> None:
    with (
        pytest.raises(InvalidInput, match="cannot open the uts namespace /nowhere: No such file"),
        namespaces.opened(namespaces.Wanted(paths={"uts": "/nowhere"})),
    ):
        pass


def test_the_owner_of_our_own_namespace_is_its_root() -> None:
    expected = next(
        (
            int(line.split()[1])
            for line in Path("/proc/self/uid_map").read_text().splitlines()
            if line.split()[0] == "0"
        ),
        0,
    )
    assert userns.owner_of(os.getpid()) == expected
