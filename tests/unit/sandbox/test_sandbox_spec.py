"""The OCI runtime-spec that comes of an image and options."""

import json
from typing import Any

import pytest

from engine.errors import InvalidInput
from engine.model import Bind, CreateOptions, ExecOptions, Limits, Ulimit
from engine.sandbox import devices, spec
from engine.sandbox.enter import EnterOrder
from engine.sandbox.limits import UNLIMITED

IMAGE = {
    "config": {
        "Entrypoint": ["/entry"],
        "Cmd": ["serve"],
        "Env": ["PATH=/image/bin", "A=image", "broken"],
        "WorkingDir": "/srv",
        "User": "www",
    }
}
FILES = {"hosts": "/host/hosts", "hostname": "/host/hostname", "resolv.conf": "/host/resolv.conf"}


def build(config: dict[str, Any] | None = None, hostname: str = "box", **options: Any) -> dict[str, Any]:
    wanted = CreateOptions(image="x", **({"command": ("true",)} | options))
    return spec.build("id", wanted, config or {}, hostname=hostname, files=FILES, cgroups_path="/quarterdeck/id")


def env_of(built: dict[str, Any]) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in built["process"]["env"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"command": ()}, ["/entry", "serve"]),
        ({"command": ("x", "y")}, ["/entry", "x", "y"]),
        ({"command": (), "entrypoint": ("/other",)}, ["/other"]),
        ({"command": ("x",), "entrypoint": ("/other", "-v")}, ["/other", "-v", "x"]),
        ({"command": ("x",), "entrypoint": ()}, ["x"]),
        ({"command": ("x",), "entrypoint": ("",)}, ["x"]),
    ],
)
def test_entrypoint_and_command_combine_as_with_docker(options: dict[str, Any], expected: list[str]) -> None:
    assert build(IMAGE, **options)["process"]["args"] == expected


def test_nothing_to_run_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="no program"):
        build(IMAGE, command=(), entrypoint=())


def test_the_operators_variables_win_over_the_images_and_those_over_the_defaults() -> None:
    env = env_of(build(IMAGE, env=("A=mine", "B=")))
    assert (env["PATH"], env["A"], env["B"], env["HOSTNAME"]) == ("/image/bin", "mine", "", "box")
    assert "broken" not in env
    assert "TERM" not in env


def test_a_terminal_has_a_type() -> None:
    assert env_of(build(tty=True))["TERM"] == "xterm"
    assert build(tty=True)["process"]["terminal"] is True


def test_home_is_left_to_the_user_inside() -> None:
    assert "HOME" not in env_of(build())


@pytest.mark.parametrize(
    ("workdir", "expected"), [(None, "/srv"), ("/x/../y//z/", "/y/z"), ("below", "/srv/below"), ("//x", "/x")]
)
def test_a_working_directory_is_absolute_and_without_dots(workdir: str | None, expected: str) -> None:
    assert build(IMAGE, workdir=workdir)["process"]["cwd"] == expected


def test_without_a_working_directory_it_is_the_root() -> None:
    assert build()["process"]["cwd"] == "/"


def test_the_user_is_left_to_be_looked_up_inside() -> None:
    assert build(IMAGE)["annotations"]["org.quarterdeck.user"] == "www"
    assert build(IMAGE, user="7:8")["annotations"]["org.quarterdeck.user"] == "7:8"
    assert build()["annotations"]["org.quarterdeck.user"] == ""


def test_a_container_has_every_namespace_and_may_gain_no_privileges() -> None:
    built = build()
    names = {entry["type"] for entry in built["linux"]["namespaces"]}
    assert names == {"pid", "mount", "ipc", "uts", "network", "cgroup"}
    assert built["process"]["noNewPrivileges"] is True


def test_it_has_dockers_capabilities_without_raw_sockets() -> None:
    sets = build()["process"]["capabilities"]
    assert len(sets["bounding"]) == 13
    assert sets["bounding"] == sets["effective"] == sets["permitted"]
    assert "inheritable" not in sets
    assert "ambient" not in sets


def test_privileged_lifts_everything() -> None:
    built = build(privileged=True)
    assert len(built["process"]["capabilities"]["bounding"]) == 41
    assert not {"maskedPaths", "readonlyPaths"} & built["linux"].keys()
    assert built["linux"]["resources"]["devices"] == [{"allow": True, "access": "rwm"}]
    assert built["process"]["noNewPrivileges"] is False
    assert not [mount for mount in built["mounts"] if mount["type"] in ("sysfs", "cgroup") and "ro" in mount["options"]]


def test_devices_are_denied_before_some_are_allowed() -> None:
    rules = build()["linux"]["resources"]["devices"]
    assert rules[0] == {"allow": False, "access": "rwm"}
    assert {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"} in rules


def test_devices_of_the_host_are_found_and_its_terminals_are_not() -> None:
    paths = [device["path"] for device in devices.of_host()]
    assert "/dev/null" in paths
    assert not [path for path in paths if path.startswith(("/dev/pts", "/dev/shm")) or path == "/dev/console"]


def test_limits_become_resources_beside_the_devices() -> None:
    resources = build(limits=Limits(pids=7))["linux"]["resources"]
    assert resources["pids"] == {"limit": 7}
    assert "devices" in resources


def test_files_of_the_engine_lie_in_etc_unless_the_operator_binds_his_own() -> None:
    targets = {mount["destination"]: mount["source"] for mount in build()["mounts"]}
    assert targets["/etc/hosts"] == "/host/hosts"
    mine = build(binds=(Bind(source="/my/hosts", target="/etc/hosts"),))["mounts"]
    assert [mount["source"] for mount in mine if mount["destination"] == "/etc/hosts"] == ["/my/hosts"]


def test_mounts_come_from_the_top_down() -> None:
    binds = (Bind(source="/1", target="/a/b/c"), Bind(source="/2", target="/a"))
    found = [mount["destination"] for mount in build(binds=binds, tmpfs={"/a/b": ""})["mounts"]]
    assert [target for target in found if target.startswith("/a")] == ["/a", "/a/b", "/a/b/c"]


def test_a_dev_of_the_operator_does_not_hide_what_belongs_into_it() -> None:
    found = [mount["destination"] for mount in build(binds=(Bind(source="/dev", target="/dev"),))["mounts"]]
    assert found.index("/dev") < found.index("/dev/pts")
    assert found.count("/dev") == 1


def test_a_mount_takes_the_place_of_a_default() -> None:
    mounts = build(tmpfs={"/dev/shm": "size=1g"})["mounts"]
    [shm] = [mount for mount in mounts if mount["destination"] == "/dev/shm"]
    assert "size=1g" in shm["options"]


@pytest.mark.parametrize("target", ["relative", "/", "/proc", "/proc/sys", "/sys", "/a/../proc", "//proc", "/a\0b"])
def test_a_bad_destination_is_refused(target: str) -> None:
    with pytest.raises(InvalidInput):
        build(binds=(Bind(source="/srv", target=target),))


@pytest.mark.parametrize("source", ["relative", "", "/a\0b"])
def test_a_bad_source_is_refused(source: str) -> None:
    with pytest.raises(InvalidInput):
        build(binds=(Bind(source=source, target="/data"),))


def test_two_mounts_on_one_place_are_refused() -> None:
    with pytest.raises(InvalidInput, match="two mounts"):
        build(binds=(Bind(source="/1", target="/a"),), tmpfs={"/a/": ""})


@pytest.mark.parametrize("words", ["loop", "size", "upperdir=/etc", "nr_blocks"])
def test_an_option_that_is_not_one_of_a_tmpfs_is_refused(words: str) -> None:
    with pytest.raises(InvalidInput):
        build(tmpfs={"/a": words})


def test_mounts_that_would_reach_the_host_are_refused() -> None:
    with pytest.raises(InvalidInput, match="rshared"):
        build(binds=(Bind(source="/a", target="/a", propagation="rshared"),))


def test_limits_of_processes_are_named_as_the_kernel_names_them() -> None:
    [limit] = build(ulimits=(Ulimit(name="nofile", soft=10, hard=-1),))["process"]["rlimits"]
    assert limit == {"type": "RLIMIT_NOFILE", "soft": 10, "hard": UNLIMITED}


@pytest.mark.parametrize(("name", "soft", "hard"), [("nonesuch", 1, 1), ("nofile", 2, 1), ("nofile", -1, 1)])
def test_a_limit_that_makes_no_sense_is_refused(name: str, soft: int, hard: int) -> None:
    with pytest.raises(InvalidInput):
        build(ulimits=(Ulimit(name=name, soft=soft, hard=hard),))


@pytest.mark.parametrize("hostname", ["", "x" * 65, "a\0b"])
def test_a_host_name_that_the_kernel_would_not_take_is_refused(hostname: str) -> None:
    with pytest.raises(InvalidInput):
        build(hostname=hostname)


@pytest.mark.parametrize(
    "config",
    [
        {"config": ["x"]},
        {"config": {"Entrypoint": "sh"}},
        {"config": {"Cmd": [1]}},
        {"config": {"Env": ["A=\0"]}},
        {"config": {"Cmd": ["x"] * 5000}},
        {"config": {"User": {"name": "root"}}},
        {"config": {"WorkingDir": "a" * (1 << 20)}},
    ],
)
def test_a_hostile_image_config_is_refused_in_words(config: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="image's config"):
        build(config)


@pytest.mark.parametrize("field", ["Entrypoint", "Cmd", "Env", "WorkingDir", "User"])
def test_an_image_may_leave_out_a_field_or_give_null(field: str) -> None:
    assert build({"config": {field: None}})["process"]["args"] == ["true"]


@pytest.mark.parametrize(
    "options", [{"command": ("a\0b",)}, {"env": ("A=\0",)}, {"env": ("=x",)}, {"user": "a\0"}, {"workdir": "/a\0"}]
)
def test_what_cannot_be_passed_to_a_program_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        build(**options)


def test_a_spec_is_plain_json() -> None:
    built = build(IMAGE, tty=True, tmpfs={"/a": ""}, limits=Limits(memory_bytes=64 << 20), cap_add=("ALL",))
    assert json.loads(json.dumps(built)) == built


def enter_order(options: dict[str, Any] | None = None, **wanted: Any) -> EnterOrder:
    made = CreateOptions(image="x", **({"env": ("A=container", "B=container")} | (options or {})))
    fields = spec.enter_order(made, IMAGE, ExecOptions(**({"command": ("sh",)} | wanted)), pid=7)
    return EnterOrder(**json.loads(json.dumps(fields)))


def test_an_entered_program_has_what_the_container_has() -> None:
    order = enter_order({"user": "bob", "workdir": "/work", "cap_drop": ("ALL",)})
    assert (order.pid, order.user, order.cwd, order.capabilities["bounding"]) == (7, "bob", "/work", [])
    assert {"A=container", "PATH=/image/bin"} < set(order.env)
    assert order.no_new_privileges


def test_an_entered_program_has_what_is_said_differently() -> None:
    order = enter_order(env=("A=exec",), user="1", workdir="/tmp", tty=True, size=(3, 4), privileged=True)
    assert {"A=exec", "B=container", "TERM=xterm"} < set(order.env)
    assert (order.user, order.cwd, order.terminal, order.size) == ("1", "/tmp", True, [3, 4])
    assert len(order.capabilities["bounding"]) == 41
    assert not order.no_new_privileges


def test_nothing_to_enter_with_is_an_error() -> None:
    with pytest.raises(InvalidInput):
        enter_order(command=())
