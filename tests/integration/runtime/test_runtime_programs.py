"""Programs in the runtime's containers: exec, terminals, users, limits, what is seen of the host."""

import json
import os
import pty
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from support.bundles import COMMAND, Runtime
from support.waiting import until

pytestmark = [pytest.mark.root, pytest.mark.requires("busybox", "namespaces")]


def test_exec_runs_in_the_container_and_returns_its_code(runtime: Runtime) -> None:
    runtime.args("sleep", "100")
    container_id = runtime.started()
    assert runtime("exec", container_id, "sh", "-c", "cat /proc/1/cmdline; exit 3").code == 3
    assert runtime("exec", container_id, "cat", "/proc/1/cmdline").out == "sleep\x00100\x00"
    user = runtime(
        "exec", "--user", "1000:7", "--cwd", "/tmp", "--env", "A=b", container_id, "sh", "-c", "id; pwd; echo $A"
    )
    assert user.out == "uid=1000(bob) gid=7\n/tmp\nb\n"
    missing = runtime("exec", container_id, "nothing-here")
    assert missing.code == 255
    assert "nothing-here" in missing.err
    assert "executable file not found in $PATH" in missing.err


def test_a_program_whose_pid_cannot_be_told_does_not_stay(runtime: Runtime) -> None:
    runtime.args("sleep", "100")
    container_id = runtime.started()
    outcome = runtime.detached("exec", "--detach", "--pid-file", "/nowhere/pid", container_id, "sleep", "99")
    assert outcome.code == 255
    assert len(runtime("ps", "-f", "json", container_id).json) == 1


def test_exec_takes_a_process_file(runtime: Runtime, tmp_path: Path) -> None:
    runtime.args("sleep", "100")
    container_id = runtime.started()
    wanted = {"args": ["id", "-u"], "cwd": "/", "user": {"uid": 1000, "gid": 1000}, "env": ["PATH=/bin"]}
    (tmp_path / "process.json").write_text(json.dumps(wanted))
    assert runtime("exec", "--process", str(tmp_path / "process.json"), container_id).out == "1000\n"


def test_a_terminal_in_the_foreground_is_a_terminal(runtime: Runtime) -> None:
    runtime.args("sh", "-c", "tty; stty size")
    runtime.configure(lambda spec: spec["process"].update(terminal=True))
    assert _on_a_terminal([COMMAND, "--root", runtime.root, "run", "--bundle", runtime.bundle, runtime.name()]) == (
        "/dev/pts/0\r\n33 77\r\n"
    )


def _on_a_terminal(command: list[str]) -> str:
    """What it prints on a terminal of 33 rows and 77 columns."""
    master, slave = pty.openpty()
    subprocess.run(["stty", "rows", "33", "cols", "77"], stdin=slave, check=True)
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    found = b""
    try:
        while piece := os.read(master, 4096):
            found += piece
    except OSError:
        pass  # EIO: everybody has closed it
    os.close(master)
    assert process.wait(60) == 0
    return found.decode()


def test_the_terminal_of_a_detached_container_goes_to_the_console_socket(runtime: Runtime, tmp_path: Path) -> None:
    runtime.args("sh", "-c", "echo hello; sleep 100")
    runtime.configure(lambda spec: spec["process"].update(terminal=True))
    path = str(tmp_path / "console")
    received: list[int] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen(1)
        thread = threading.Thread(target=lambda: received.extend(_receive(listener)))
        thread.start()
        runtime.started("--console-socket", path)
        thread.join(30)
    assert os.read(received[0], 100) == b"hello\r\n"
    os.close(received[0])


def _receive(listener: socket.socket) -> list[int]:
    connection, _ = listener.accept()
    with connection:
        return list(socket.recv_fds(connection, 100, 1)[1])


def test_limits_are_in_force_and_can_be_changed(runtime: Runtime) -> None:
    resources = {"memory": {"limit": 64 << 20}, "pids": {"limit": 32}}
    runtime.configure(lambda spec: spec["linux"]["resources"].update(resources))
    runtime.args("sleep", "100")
    container_id = runtime.started()
    data = runtime("events", "--stats", container_id).json["data"]
    assert (data["memory"]["usage"]["limit"], data["pids"]["limit"]) == (64 << 20, 32)
    assert runtime("update", "--memory", "128m", "--pids-limit", "64", container_id).code == 0
    data = runtime("events", "--stats", container_id).json["data"]
    assert (data["memory"]["usage"]["limit"], data["pids"]["limit"]) == (128 << 20, 64)
    text = json.dumps({"pids": {"limit": 16}})
    assert runtime("update", "--resources", "-", container_id, stdin=text).code == 0
    assert runtime("events", "--stats", container_id).json["data"]["pids"]["limit"] == 16


def test_ps_shows_its_processes_and_no_others(runtime: Runtime) -> None:
    runtime.args("sh", "-c", "sleep 99 & exec sleep 100")
    container_id = runtime.started()
    until(lambda: len(runtime("ps", "-f", "json", container_id).json) == 2, "both processes")
    pids = runtime("ps", "--format", "json", container_id).json
    names = {Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip() for pid in pids}
    assert names == {"sleep 99", "sleep 100"}
    table = runtime("ps", container_id).out.splitlines()
    assert len(table) == 3
    assert "PID" in table[0]


def test_a_user_namespace_maps_root_to_nobody_of_the_host(runtime: Runtime) -> None:
    mapping = [{"containerID": 0, "hostID": 700_000, "size": 1000}]

    def change(spec: dict) -> None:  # type: ignore[type-arg]
        spec["linux"]["namespaces"].append({"type": "user"})
        spec["linux"].update(uidMappings=mapping, gidMappings=mapping)

    runtime.configure(change)
    runtime.args("sleep", "100")
    container_id = runtime.started()
    pid = runtime("state", container_id).json["pid"]
    assert os.stat(f"/proc/{pid}").st_uid in (0, 700_000)  # 0 where it is not dumpable
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    assert status["Uid"].split() == ["700000"] * 4
    assert runtime("exec", container_id, "id", "-u").out == "0\n"


def test_an_existing_network_namespace_is_joined_and_a_wrong_type_refused(runtime: Runtime) -> None:
    runtime.args("sh", "-c", "cat /proc/net/dev | wc -l")

    def path(value: str) -> None:
        entry = {"type": "network", "path": value}
        runtime.configure(
            lambda spec: spec["linux"].update(
                namespaces=[one for one in spec["linux"]["namespaces"] if one["type"] != "network"] + [entry]
            )
        )

    path("/proc/self/ns/net")
    host = len(Path("/proc/net/dev").read_text().splitlines())
    assert runtime.run().out.strip() == str(host)
    path("/proc/self/ns/uts")
    outcome = runtime.run()
    assert (outcome.code, "is not a network namespace" in outcome.err) == (1, True)


def test_features_names_what_the_specification_asks_for(runtime: Runtime) -> None:
    features = runtime("features").json
    assert features["ociVersionMax"].startswith("1.2")
    assert set(features["hooks"]) == {
        "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
    }  # fmt: skip
    assert {"user", "time", "cgroup"} <= set(features["linux"]["namespaces"])
    assert "rro" in features["mountOptions"]


def test_mounts_lists_what_is_mounted_in_it(runtime: Runtime) -> None:
    runtime.args("sleep", "100")
    container_id = runtime.started()
    mounts = {mount["destination"]: mount for mount in runtime("mounts", container_id).json}
    assert mounts["/proc"]["type"] == "proc"
    assert "ro" in mounts["/sys"]["options"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda spec: spec.update(ociVersion="2.0.0"), "ociVersion"),
        (lambda spec: spec["process"].update(args=[]), "args must not be empty"),
        (lambda spec: spec["process"].update(cwd="relative"), "Cwd must be an absolute path"),
        (lambda spec: spec["root"].update(path="nowhere"), "rootfs"),
        (lambda spec: spec["linux"]["namespaces"].append({"type": "pid"}), "duplicated ns"),
        (lambda spec: spec["linux"]["namespaces"].append({"type": "user"}), "no uid mappings"),
        (lambda spec: spec["linux"].update(sysctl={"vm.swappiness": "1"}), "sysctl"),
        (lambda spec: spec["linux"].update(intelRdt={"closID": "x"}), "intelRdt"),
        (lambda spec: spec["process"].update(apparmorProfile="web"), "pparmor"),
    ],
)
def test_a_spec_that_is_wrong_is_refused_in_words(runtime: Runtime, change, words: str) -> None:  # type: ignore[no-untyped-def]
    runtime.configure(change)
    outcome = runtime.run()
    assert outcome.code == 1
    assert words in outcome.err
    assert "Traceback" not in outcome.err
    assert not os.path.exists(runtime.root) or os.listdir(runtime.root) == []


@pytest.mark.parametrize("verb", ["run", "exec"])
def test_descriptors_that_the_caller_did_not_pass_are_none_of_ours(runtime: Runtime, verb: str) -> None:
    """A number without a descriptor must not reach the program as a folder of the host's."""
    look = ("sh", "-c", "ls -l /proc/self/fd")
    reader, writer = os.pipe()
    os.close(writer)
    os.set_inheritable(reader, True)
    runtime.args(*look)
    words = ["run", "--bundle", runtime.bundle, "--preserve-fds", "40", runtime.name()]
    if verb == "exec":
        runtime.args("sleep", "100")
        words = ["exec", "--preserve-fds", "40", runtime.started(), *look]
    done = subprocess.run(
        [COMMAND, "--root", runtime.root, *words], stdout=subprocess.PIPE, text=True, timeout=60, pass_fds=(reader,)
    )
    os.close(reader)
    seen = {line.split(" -> ")[1] for line in done.stdout.splitlines() if " -> " in line}
    assert done.returncode == 0
    assert any(target.startswith("pipe:") for target in seen)
    assert not any(runtime.root in target or target.startswith(("socket:", "/sys")) for target in seen), seen
