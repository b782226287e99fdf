"""Where runc and crun differ from each other, or from what is obvious: what drivers rely on all the same."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from support.bundles import Runtime
from support.waiting import until

pytestmark = [pytest.mark.root, pytest.mark.requires("busybox", "namespaces")]

WHOLE = [{"containerID": 0, "hostID": 0, "size": 4294967295}]
SHIFTED = [{"containerID": 0, "hostID": 700_000, "size": 65536}]


def with_users(runtime: Runtime, mapping: list[dict[str, int]]) -> None:
    """Give the container a user namespace."""

    def change(spec: dict[str, Any]) -> None:
        spec["linux"]["namespaces"].append({"type": "user"})
        spec["linux"].update(uidMappings=mapping, gidMappings=mapping)

    runtime.configure(change)


@pytest.mark.parametrize("name", ["HUP", "INT", "TERM"])
def test_a_container_that_waits_for_its_start_ends_by_a_signal(runtime: Runtime, name: str) -> None:
    runtime.args("sleep", "100")
    container_id = runtime.created()
    assert runtime("kill", container_id, name).code == 0
    until(lambda: runtime.status(container_id) == "stopped", "the end")


def test_a_signal_that_ends_a_waiting_container_means_nothing_to_a_program_without_a_handler(runtime: Runtime) -> None:
    runtime.args("sleep", "100")
    container_id = runtime.started()
    os.kill(runtime("state", container_id).json["pid"], signal.SIGTERM)
    assert runtime("exec", container_id, "true").code == 0
    assert runtime.status(container_id) == "running"


def test_a_container_that_waits_has_its_streams_its_channel_and_two_fifos(runtime: Runtime) -> None:
    runtime.args("sleep", "100")
    pid = runtime("state", runtime.created()).json["pid"]
    links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in sorted(os.listdir(f"/proc/{pid}/fd"), key=int)]
    others = [link for link in links[3:] if link not in links[:3]]
    assert len([link for link in others if link.endswith("/exec.fifo")]) == 2
    assert [link for link in others if not link.endswith("/exec.fifo") and not link.startswith("socket:")] == []


def test_descriptors_to_preserve_may_be_missing(runtime: Runtime) -> None:
    runtime.args("ls", "/proc/self/fd")
    outcome = runtime.run("--preserve-fds", "100")
    assert (outcome.code, outcome.err) == (0, "")


def test_a_missing_interpreter_is_told_by_the_path_of_its_script(runtime: Runtime, tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text("#!/not/here\n")
    script.chmod(0o755)
    mount = {"destination": "/tmp", "type": "bind", "source": str(tmp_path), "options": ["bind"]}
    runtime.configure(lambda spec: spec["mounts"].append(mount))
    runtime.args("sleep", "100")
    outcome = runtime("exec", runtime.started(), "/tmp/run.sh")
    assert (outcome.code, "exec /tmp/run.sh: no such file or directory" in outcome.err) == (255, True)
    runtime.args("/tmp/run.sh")
    outcome = runtime.run()
    assert (outcome.code, "exec /tmp/run.sh: no such file or directory" in outcome.err) == (1, True)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("..", " .. is not a sub cgroup path"),
        ("a/../../b", " a/../../b is not a sub cgroup path"),
        ("nothing", "/nothing/cgroup.procs: no such file"),
        ("whaaat:/", "unknown controller whaaat"),
    ],
)
def test_a_program_enters_no_cgroup_but_those_of_its_container(runtime: Runtime, where: str, words: str) -> None:
    runtime.args("sleep", "100")
    container_id = runtime.started()
    outcome = runtime("exec", "--cgroup", where, container_id, "true")
    assert (outcome.code, words in outcome.err) == (255, True), outcome.err


def test_clocks_can_be_set_in_a_user_namespace(runtime: Runtime) -> None:
    if not os.path.exists("/proc/self/ns/time"):
        pytest.skip("this kernel has no time namespaces")
    with_users(runtime, SHIFTED)
    runtime.args("cat", "/proc/self/timens_offsets")

    def change(spec: dict[str, Any]) -> None:
        spec["linux"]["namespaces"].append({"type": "time"})
        spec["linux"]["timeOffsets"] = {"boottime": {"secs": 1337, "nanosecs": 5}}

    runtime.configure(change)
    outcome = runtime.run()
    assert outcome.code == 0, outcome.err
    assert [line.split() for line in outcome.out.splitlines()][1] == ["boottime", "1337", "5"]


@pytest.mark.parametrize("mapping", [WHOLE, SHIFTED])
def test_a_device_in_a_user_namespace_has_its_own_name_number_owner_and_mode(
    runtime: Runtime, mapping: list[dict[str, int]]
) -> None:
    with_users(runtime, mapping)
    device = {"path": "/dev/mine", "type": "c", "major": 1, "minor": 5, "uid": 10, "gid": 11, "fileMode": 0o157}
    runtime.configure(lambda spec: spec["linux"].update(devices=[device]))
    runtime.args("sh", "-c", "ls -ln /dev/mine; head -c 2 /dev/mine | wc -c")
    old = os.umask(0o077)
    try:
        outcome = runtime.run()
    finally:
        os.umask(old)
    assert outcome.code == 0, outcome.err
    kind, _links, uid, gid, major, minor, *_ = outcome.out.split()
    assert (kind, uid, gid, major, minor) == ("c--xr-xrwx", "10", "11", "1,", "5")
    assert outcome.out.split()[-1] == "2"


def test_a_user_namespace_is_entered_after_namespaces_that_are_no_part_of_it(runtime: Runtime) -> None:
    with_users(runtime, SHIFTED)
    runtime.args("sleep", "100")
    pid = runtime("state", runtime.started()).json["pid"]

    def change(spec: dict[str, Any]) -> None:
        paths = {"user": f"/proc/{pid}/ns/user", "network": "/proc/self/ns/net"}
        entries = spec["linux"]["namespaces"]
        spec["linux"]["namespaces"] = [
            entry | ({"path": paths[entry["type"]]} if entry["type"] in paths else {}) for entry in entries
        ]
        for kind in ("uid", "gid"):
            del spec["linux"][f"{kind}Mappings"]
        spec["mounts"] = [mount for mount in spec["mounts"] if not mount["destination"].startswith("/sys")]

    runtime.configure(change)
    runtime.args("sh", "-c", "cat /proc/self/uid_map; ls -l /proc/self/ns/net")
    outcome = runtime.run()
    assert outcome.code == 0, outcome.err
    assert outcome.out.split()[:3] == ["0", "700000", "65536"]
    assert outcome.out.split()[-1] == os.readlink("/proc/self/ns/net")
