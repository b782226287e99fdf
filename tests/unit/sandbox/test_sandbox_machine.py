"""Devices, groups, kernel parameters and shared memory, as options become a spec."""

from typing import Any

import pytest

from engine.errors import InvalidInput
from engine.model import CreateOptions, Device
from engine.sandbox import process, spec, users


def build(*, ids: tuple[int, int] | None = None, **options: Any) -> Any:
    wanted = CreateOptions(image="x", command=("true",), **options)
    return spec.build("id", wanted, {}, hostname="box", files={}, cgroups_path="/q/id", ids=ids)


FULL = Device(source="/dev/full", target="/dev/x/full", access="r")


def test_a_device_is_a_node_with_its_rule() -> None:
    linux = build(devices=(FULL,))["linux"]
    node = next(node for node in linux["devices"] if node["path"] == "/dev/x/full")
    assert (node["type"], node["major"], node["minor"]) == ("c", 1, 7)
    assert linux["resources"]["devices"][-1] == {"allow": True, "type": "c", "major": 1, "minor": 7, "access": "r"}


def test_in_a_user_namespace_the_hosts_own_node_is_bound() -> None:
    built = build(ids=(1000, 10), devices=(FULL,))
    assert "devices" not in built["linux"]
    bound = next(mount for mount in built["mounts"] if mount["destination"] == "/dev/x/full")
    assert (bound["type"], bound["source"]) == ("bind", "/dev/full")
    assert built["linux"]["resources"]["devices"][-1]["minor"] == 7


@pytest.mark.parametrize(
    "device",
    [
        Device(source="/etc/passwd", target="/dev/x"),
        Device(source="/dev/no-such-device", target="/dev/x"),
        Device(source="/dev/null", target="x"),
        Device(source="/dev/null", target="/"),
        Device(source="/dev/null", target="/dev/x", access=""),
        Device(source="/dev/null", target="/dev/x", access="rx"),
    ],
)
def test_what_is_no_device_is_refused(device: Device) -> None:
    with pytest.raises(InvalidInput):
        build(devices=(device,))


def test_rules_are_taken_as_docker_writes_them() -> None:
    rules = build(device_rules=("c 10:229 rwm", "b 7:* r", "a *:* m"))["linux"]["resources"]["devices"][-3:]
    assert rules == [
        {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"},
        {"allow": True, "type": "b", "major": 7, "access": "r"},
        {"allow": True, "type": "a", "access": "m"},
    ]
    for text in ("c 10 rwm", "c 1:3 x", "d 1:3 r", "c 1:3 r\n", ""):
        with pytest.raises(InvalidInput, match="rule"):
            build(device_rules=(text,))


def test_kernel_parameters_are_added_to_those_of_every_container() -> None:
    parameters = build(sysctls={"net.core.somaxconn": "99", "net.ipv4.ip_unprivileged_port_start": "80"})
    assert parameters["linux"]["sysctl"]["net.core.somaxconn"] == "99"
    assert parameters["linux"]["sysctl"]["net.ipv4.ip_unprivileged_port_start"] == "80"


@pytest.mark.parametrize(
    "options",
    [
        {"sysctls": {"kernel.panic": "1"}},
        {"sysctls": {"net.core.somaxconn": "1"}, "network": "host"},
        {"sysctls": {"kernel.shmmax": "1"}, "ipc": "host"},
        {"sysctls": {"kernel.hostname": "x"}},
    ],
)
def test_a_parameter_of_the_host_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="sysctl"):
        build(**options)


def test_shared_memory_has_the_size_that_is_asked_for() -> None:
    mount = next(mount for mount in build(shm_bytes=1 << 20)["mounts"] if mount["destination"] == "/dev/shm")
    assert mount["options"] == ["nosuid", "noexec", "nodev", "mode=1777", "size=1048576"]
    for word in ("host", "none"):
        with pytest.raises(InvalidInput, match="--shm-size"):
            build(shm_bytes=1, ipc=word)


def test_groups_are_added_by_name_and_number() -> None:
    wanted = process.user_of("web:7", ("audio", "50", "7"), {})
    found = users.resolve(wanted, "web:x:5:6::/srv:/bin/sh\n", "audio:x:29:\nother:x:9:web\n")
    assert (found.uid, found.gid, found.groups) == (5, 7, (29, 50, 7))
    assert users.resolve(process.user_of(None, ("9",), {}), "", "a:x:3:root\n").groups == (9,)
    with pytest.raises(InvalidInput, match="line break"):
        process.user_of("a\nb", (), {})
