"""A container's life by the command line of the OCI runtime: create, start, state, kill, delete."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from support.bundles import COMMAND, Runtime
from support.waiting import until

pytestmark = [pytest.mark.root, pytest.mark.requires("busybox", "namespaces")]


def test_run_prints_what_the_program_prints_and_ends_as_it_ends(runtime: Runtime) -> None:
    runtime.args("sh", "-c", "echo out; echo err >&2; exit 7")
    outcome = runtime.run()
    assert (outcome.code, outcome.out, outcome.err) == (7, "out\n", "err\n")
    assert runtime("list", "-q").out == ""


def test_a_program_killed_by_a_signal_gives_128_and_its_number(runtime: Runtime) -> None:
    runtime.args("sh", "-c", "kill -TERM $$; sleep 5")
    runtime.configure(lambda spec: spec["linux"].update(namespaces=[{"type": "mount"}, {"type": "uts"}]))
    assert runtime.run().code == 128 + 15


def test_a_created_container_has_run_nothing_until_it_is_started(runtime: Runtime, tmp_path: Path) -> None:
    mark = tmp_path / "shared"
    mark.mkdir()
    mount = {"destination": "/shared", "type": "bind", "source": str(mark), "options": ["bind"]}
    runtime.configure(lambda spec: spec["mounts"].append(mount))
    runtime.args("sh", "-c", "touch /shared/done; exec sleep 100")
    container_id = runtime.created()
    assert runtime.status(container_id) == "created"
    assert os.listdir(mark) == []
    assert runtime("start", container_id).code == 0
    assert runtime.status(container_id) == "running"
    until(lambda: os.listdir(mark) == ["done"], "the program to run")
    again = runtime("start", container_id)
    assert again.code == 1
    assert "cannot start an already running container" in again.err


def test_state_has_what_the_specification_names(runtime: Runtime) -> None:
    runtime.args("sleep", "100")
    runtime.configure(lambda spec: spec.update(annotations={"org.example.key": "value"}))
    container_id = runtime.started("--pid-file", f"{runtime.bundle}/pid")
    state = runtime("state", container_id).json
    assert list(state) == [
        "ociVersion", "id", "pid", "status", "bundle", "rootfs", "created", "annotations", "owner",
    ]  # fmt: skip
    assert state["pid"] == int(Path(runtime.bundle, "pid").read_text())
    assert (state["id"], state["status"], state["bundle"]) == (container_id, "running", runtime.bundle)
    assert state["annotations"] == {"org.example.key": "value"}
    assert os.path.basename(os.readlink(f"/proc/{state['pid']}/exe")) == "busybox"
    listed = runtime("list", "--format", "json").json
    assert [entry["id"] for entry in listed] == [container_id]
    assert container_id in runtime("list").out


def test_a_container_that_runs_is_deleted_only_by_force(runtime: Runtime) -> None:
    runtime.args("sleep", "100")
    container_id = runtime.started()
    refused = runtime("delete", container_id)
    assert (refused.code, "is not stopped: running" in refused.err) == (1, True)
    assert runtime("delete", "--force", container_id).code == 0
    missing = runtime("state", container_id)
    assert (missing.code, "container does not exist" in missing.err) == (1, True)
    assert runtime("delete", container_id).code == 1
    assert runtime("delete", "--force", container_id).code == 0


def test_kill_ends_it_and_a_dead_one_cannot_be_killed(runtime: Runtime) -> None:
    runtime.args("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done")
    container_id = runtime.started()
    assert runtime("kill", container_id, "NOSUCH").code == 1
    assert runtime("kill", container_id, "KILL").code == 0
    until(lambda: runtime.status(container_id) == "stopped", "the end")
    assert "container not running" in runtime("kill", container_id).err
    assert runtime("delete", container_id).code == 0


def test_an_id_is_taken_once_and_must_be_one(runtime: Runtime) -> None:
    runtime.args("sleep", "100")
    container_id = runtime.started()
    again = runtime("run", "--bundle", runtime.bundle, container_id)
    assert (again.code, "already exists" in again.err) == (1, True)
    assert runtime.status(container_id) == "running"
    for wrong in ("../x", "a b", ".."):
        assert "invalid container ID format" in runtime("run", "--bundle", runtime.bundle, wrong).err


def test_a_paused_container_stands_still_and_takes_no_program(runtime: Runtime) -> None:
    runtime.args("sleep", "100")
    container_id = runtime.started()
    assert runtime("pause", container_id).code == 0
    assert runtime.status(container_id) == "paused"
    refused = runtime("exec", container_id, "true")
    assert (refused.code, "paused container" in refused.err) == (255, True)
    assert runtime("resume", container_id).code == 0
    assert runtime("exec", container_id, "true").code == 0
    assert "container not paused" in runtime("resume", container_id).err


def test_a_paused_container_dies_when_it_is_killed(runtime: Runtime) -> None:
    runtime.args("sleep", "100")
    container_id = runtime.started()
    assert runtime("pause", container_id).code == 0
    assert runtime("kill", container_id, "KILL").code == 0
    until(lambda: runtime.status(container_id) == "stopped", "the end")


def test_two_commands_at_once_start_it_once(runtime: Runtime) -> None:
    runtime.args("sleep", "100")
    container_id = runtime.created()
    both = [
        subprocess.Popen([COMMAND, "--root", runtime.root, "start", container_id], stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    assert sorted(process.wait(60) for process in both) == [0, 1]
    assert runtime.status(container_id) == "running"


def test_a_failed_create_leaves_nothing(runtime: Runtime) -> None:
    runtime.args("/nothing/here")
    container_id = runtime.name()
    outcome = runtime("create", "--bundle", runtime.bundle, container_id)
    assert (outcome.code, "no such file or directory" in outcome.err) == (1, True)
    assert os.listdir(runtime.root) == []


def test_errors_are_told_to_the_log_as_drivers_read_them(runtime: Runtime) -> None:
    log = f"{runtime.bundle}/log.json"
    outcome = runtime("--log", log, "--log-format", "json", "state", "nobody")
    assert outcome.code == 1
    line = json.loads(Path(log).read_text())
    assert (line["level"], line["msg"].startswith("container does not exist")) == ("error", True)
    assert time.strptime(line["time"], "%Y-%m-%dT%H:%M:%SZ")
    assert "container does not exist" in outcome.err


def test_hooks_run_at_their_points_with_the_state(runtime: Runtime, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    script = tmp_path / "hook"
    script.write_text(f'#!/bin/sh\nstate=$(cat)\necho "$1 $state" >> {trace}\n')
    script.chmod(0o755)
    kinds = ("prestart", "createRuntime", "createContainer", "poststart", "poststop")
    hooks = {kind: [{"path": str(script), "args": ["hook", kind]}] for kind in kinds}
    runtime.configure(lambda spec: spec.update(hooks=hooks))
    runtime.args("true")
    assert runtime.run().code == 0
    lines = [line.split(" ", 1) for line in trace.read_text().splitlines()]
    assert [line[0] for line in lines] == list(kinds)
    states = [json.loads(line[1]) for line in lines]
    assert [state["status"] for state in states] == ["creating", "creating", "creating", "running", "stopped"]
    assert all(state["id"] == runtime.ids[-1] and state["bundle"] == runtime.bundle for state in states)


@pytest.mark.parametrize("kind", ["prestart", "createRuntime", "createContainer", "poststart"])
def test_a_hook_that_fails_ends_the_container(runtime: Runtime, kind: str) -> None:
    hook = {"path": "/bin/sh", "args": ["sh", "-c", "echo it is broken >&2; exit 3"]}
    runtime.configure(lambda spec: spec.update(hooks={kind: [hook]}))
    runtime.args("sleep", "100")
    outcome = runtime.run()
    assert outcome.code == 1
    assert f"error running {kind} hook #0: exit status 3" in outcome.err
    assert "it is broken" in outcome.err
    assert runtime("list", "-q").out == ""


def test_a_hook_that_takes_too_long_is_killed(runtime: Runtime) -> None:
    hook = {"path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 1}
    runtime.configure(lambda spec: spec.update(hooks={"createRuntime": [hook]}))
    outcome = runtime.run()
    assert (outcome.code, "it took longer than 1 seconds" in outcome.err) == (1, True)
