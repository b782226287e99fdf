"""Namespaces that are shared, what shows them, and what of /proc and /sys is hidden."""

from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidInput
from engine.model import CreateOptions
from engine.sandbox import hidden, spec

OWN = ["pid", "mount", "ipc", "uts", "network", "cgroup"]
FIELD = {"pid": "pid", "ipc": "ipc", "uts": "uts", "network": "network", "cgroup": "cgroupns"}


def build(*, ids: tuple[int, int] | None = None, shared: dict[str, str] | None = None, **options: Any) -> Any:
    wanted = CreateOptions(image="x", command=("true",), **options)
    return spec.build("id", wanted, {}, hostname="box", files={}, cgroups_path="/q/id", ids=ids, shared=shared)


def types(built: Any) -> list[str]:
    return [entry["type"] for entry in built["linux"]["namespaces"]]


def mount_on(built: Any, place: str) -> Any:
    return next((mount for mount in built["mounts"] if mount["destination"] == place), None)


@pytest.mark.parametrize("kind", FIELD)
def test_a_namespace_of_the_host_is_not_in_the_spec(kind: str) -> None:
    assert types(build()) == OWN
    assert types(build(**{FIELD[kind]: "host"})) == [other for other in OWN if other != kind]


@pytest.mark.parametrize("kind", FIELD)
def test_a_namespace_of_another_container_is_given_by_path(kind: str) -> None:
    built = build(**{FIELD[kind]: "container:a"}, shared={kind: "/proc/7/ns/x"})
    assert {"type": kind, "path": "/proc/7/ns/x"} in built["linux"]["namespaces"]
    assert sorted(types(built)) == sorted(OWN)


def test_a_user_namespace_by_path_has_no_mappings_of_its_own() -> None:
    options = {"userns": "container:a", "pid": "container:a"}
    built = build(ids=(1000, 10), shared={"user": "/proc/7/ns/user", "pid": "/proc/7/ns/pid"}, **options)
    assert built["linux"]["namespaces"][0] == {"type": "user", "path": "/proc/7/ns/user"}
    assert "uidMappings" not in built["linux"]


@pytest.mark.parametrize(
    ("field", "word"),
    [
        *((field, "container:") for field in FIELD.values()),
        *((field, word) for field in FIELD.values() if field != "network" for word in ("bridge2", "HOST", "none:")),
    ],
)
def test_a_word_that_is_none_is_refused(field: str, word: str) -> None:
    with pytest.raises(InvalidInput, match=f"--{field} "):
        build(**{field: word})


def test_other_words_for_a_network_are_names_of_networks_and_leave_its_namespace_its_own() -> None:
    assert "network" in types(build(network="backend"))


@pytest.mark.parametrize("word", ["", "private", "shareable", "none"])
def test_ipc_has_more_words_for_one_of_its_own(word: str) -> None:
    built = build(ipc=word)
    assert "ipc" in types(built)
    assert (mount_on(built, "/dev/shm") is None) == (word == "none")
    assert (mount_on(built, "/dev/mqueue") is None) == (word == "none")


def test_the_hosts_own_mounts_stand_for_what_a_user_namespace_may_not_mount() -> None:
    mapped = build(ids=(1000, 10), pid="host", network="host")
    assert (mount_on(mapped, "/proc")["type"], mount_on(mapped, "/proc")["options"][0]) == ("bind", "rbind")
    assert mount_on(mapped, "/sys")["options"] == ["bind", "rprivate", "nosuid", "noexec", "nodev", "ro"]
    assert mount_on(build(pid="host", network="host"), "/proc")["type"] == "proc"
    assert mount_on(build(ipc="host"), "/dev/shm")["source"] == "/dev/shm"


def test_the_name_and_the_parameters_of_what_is_shared_are_left_alone() -> None:
    assert "hostname" not in build(uts="host")
    with pytest.raises(InvalidInput, match="--hostname"):
        build(uts="host", hostname="box")
    assert build(network="host")["linux"]["sysctl"] == {}
    assert build(ids=(5, 100))["linux"]["sysctl"]["net.ipv4.ping_group_range"] == "0 99"


def test_masks_are_added_and_taken_away() -> None:
    linux = build(masked=("/etc/a",), unmasked=("/proc/k*", "/proc/sys"))["linux"]
    assert {"/etc/a", "/proc/acpi"} <= set(linux["maskedPaths"])
    assert not {"/proc/kcore", "/proc/keys"} & set(linux["maskedPaths"])
    assert linux["readonlyPaths"] == ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger"]
    with pytest.raises(InvalidInput, match="masked"):
        build(masked=("etc",))


def test_everything_can_be_unmasked_and_a_privileged_container_masks_what_it_is_told() -> None:
    linux = build(unmasked=("ALL",))["linux"]
    assert (linux["maskedPaths"], linux["readonlyPaths"]) == ([], [])
    assert build(privileged=True, masked=("/etc/a",))["linux"]["maskedPaths"] == ["/etc/a"]
    assert "maskedPaths" not in build(privileged=True)["linux"]


def test_each_processor_that_tells_its_heat_is_masked(tmp_path: Path) -> None:
    for name in ("cpu0/thermal_throttle", "cpu1/cache", "cpu12/thermal_throttle", "cpufreq/thermal_throttle"):
        (tmp_path / name).mkdir(parents=True)
    found = hidden.throttles(str(tmp_path))
    assert found == (f"{tmp_path}/cpu0/thermal_throttle", f"{tmp_path}/cpu12/thermal_throttle")
    assert hidden.throttles(f"{tmp_path}/none") == ()


def test_privileges_and_labels_are_as_they_are_asked_for() -> None:
    process = build(no_new_privileges=False, apparmor="mine", selinux="a:b:c:d")["process"]
    assert process["noNewPrivileges"] is False
    assert (process["apparmorProfile"], process["selinuxLabel"]) == ("mine", "a:b:c:d")
    plain = build(apparmor="unconfined")["process"]
    assert plain["noNewPrivileges"] is True
    assert not {"apparmorProfile", "selinuxLabel"} & set(plain)
    assert build(privileged=True)["process"]["noNewPrivileges"] is False
    assert build(privileged=True, no_new_privileges=True)["process"]["noNewPrivileges"] is True
