"""Hooks: where each kind runs, what it reads, and what becomes of a container whose hook fails."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.box import Box

from engine import errors
from engine.kernel import files
from engine.model import CreateOptions
from engine.sandbox import drive, hooks, init, starter
from engine.sandbox.drive import Created

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces", "overlay")]

STATE = {"ociVersion": "1.2.0", "id": "box", "status": "creating", "bundle": "/bundle"}


def shell(script: str, **more: Any) -> dict[str, Any]:
    return {"path": "/bin/sh", "args": ["sh", "-c", script], **more}


def order(box: Box, section: dict[str, Any], *command: str, fifos: starter.Fifos | None = None) -> init.Order:
    """A container with these hooks."""
    made = box.order(CreateOptions(image="handmade", command=command or ("true",)))
    made.spec["hooks"] = section
    return made._replace(state=STATE, fifos=fifos)


def created(wanted: init.Order) -> Created:
    """As the runtime makes it, until its program runs or it waits for its start."""
    null = os.open(os.devnull, os.O_RDWR)
    child = init.create(wanted, (null, null, null))
    os.close(null)
    found = hooks.parse(wanted.spec)

    def run() -> None:
        hooks.run(found, hooks.IN_PARENT, STATE | {"pid": child.pid})

    return drive.drive(child, size=None, hooks=run, waits=wanted.fifos is not None)


def ended(made: Created) -> int:
    """The exit code."""
    status = os.waitpid(made.pid, 0)[1]
    os.close(made.pidfd)
    return os.waitstatus_to_exitcode(status)


@pytest.fixture
def fifos(tmp_path: Path) -> starter.Fifos:
    """In the test's folder."""
    return starter.make(str(tmp_path))


def closed(fifos: starter.Fifos) -> None:
    for fd in fifos:
        os.close(fd)


def test_hooks_of_the_parent_run_in_the_hosts_root_and_read_the_state(box: Box, tmp_path: Path) -> None:
    script = f"cat > {tmp_path}/$NAME; readlink /proc/self/ns/mnt > {tmp_path}/ns"
    section = {kind: [shell(script, env=[f"NAME={kind}", "PATH=/bin"])] for kind in hooks.IN_PARENT}
    made = created(order(box, section))
    assert ended(made) == 0
    for kind in hooks.IN_PARENT:
        assert json.loads((tmp_path / kind).read_text()) == STATE | {"pid": made.pid}
    assert (tmp_path / "ns").read_text().strip() == os.readlink("/proc/self/ns/mnt")


def test_a_hook_of_the_container_runs_in_its_namespaces_before_the_root_changes(box: Box, tmp_path: Path) -> None:
    script = f"cat > {tmp_path}/state; readlink /proc/self/ns/uts > {tmp_path}/ns"
    made = created(order(box, {"createContainer": [shell(script)]}))
    assert ended(made) == 0
    assert json.loads((tmp_path / "state").read_text())["pid"] == 1
    assert (tmp_path / "ns").read_text().strip() != os.readlink("/proc/self/ns/uts")


def test_a_hook_of_the_start_runs_inside_when_the_container_is_started(
    box: Box, own_root: str, tmp_path: Path, fifos: starter.Fifos
) -> None:
    made = created(order(box, {"startContainer": [shell("cat > /tmp/state")]}, "true", fifos=fifos))
    closed(fifos)
    assert not os.path.exists(f"{own_root}/tmp/state")
    starter.start(str(tmp_path), made.pidfd)
    assert ended(made) == 0
    with open(f"{own_root}/tmp/state") as file:
        assert json.load(file) == STATE | {"status": "created", "pid": 1}


def test_a_start_whose_hook_fails_says_so(box: Box, tmp_path: Path, fifos: starter.Fifos) -> None:
    made = created(order(box, {"startContainer": [shell("echo broken >&2; exit 3")]}, fifos=fifos))
    closed(fifos)
    with pytest.raises(errors.SetupFailed, match=r"startContainer hook #0: exit status 3.*broken"):
        starter.start(str(tmp_path), made.pidfd)
    assert ended(made) != 0


@pytest.mark.parametrize("kind", ["prestart", "createRuntime", "createContainer"])
def test_a_container_whose_hook_fails_does_not_come_to_be(box: Box, kind: str) -> None:
    with pytest.raises(errors.SetupFailed, match=f"error running {kind} hook #1: exit status 4.*no luck"):
        created(order(box, {kind: [shell("true"), shell("echo no luck; exit 4")]}))


def test_a_hook_that_takes_too_long_is_killed(box: Box) -> None:
    with pytest.raises(errors.SetupFailed, match="longer than 1 seconds"):
        created(order(box, {"createRuntime": [shell("exec sleep 100", timeout=1)]}))


def test_a_hook_that_is_not_there_is_named(box: Box) -> None:
    with pytest.raises(errors.SetupFailed, match="/nonesuch"):
        created(order(box, {"createRuntime": [{"path": "/nonesuch"}]}))


def test_a_hook_that_does_not_read_its_state_does_not_hold_it_up(box: Box) -> None:
    made = created(order(box, {"createRuntime": [shell("exec <&-; exit 0")]}))
    assert ended(made) == 0


def test_a_container_that_waits_is_started_though_its_maker_has_gone(
    box: Box, tmp_path: Path, fifos: starter.Fifos
) -> None:
    """Nothing of the maker is needed but the folder."""
    made = created(order(box, {}, "sh", "-c", "exit 7", fifos=fifos))
    closed(fifos)
    assert os.path.exists(tmp_path / starter.GO)
    starter.start(str(tmp_path), made.pidfd)
    assert not os.path.exists(tmp_path / starter.GO)
    assert ended(made) == 7


def test_a_container_that_was_killed_while_it_waited_cannot_be_started(
    box: Box, tmp_path: Path, fifos: starter.Fifos
) -> None:
    made = created(order(box, {}, fifos=fifos))
    closed(fifos)
    os.kill(made.pid, 9)
    os.waitid(os.P_PID, made.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(errors.Conflict, match="has stopped"):
        starter.start(str(tmp_path), made.pidfd)
    assert ended(made) == -9


def test_poststop_hooks_all_run_and_each_failure_is_told(tmp_path: Path) -> None:
    found = hooks.parse({"hooks": {"poststop": [shell("exit 1"), shell(f"touch {tmp_path}/ran"), shell("exit 2")]}})
    assert len(hooks.run_all(found, "poststop", STATE)) == 2
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "section",
    [{"prestart": {}}, {"prestart": [{"path": "sh"}]}, {"prestart": [{"path": "/a", "timeout": 0}]}, {"prestart": [1]}],
)
def test_hooks_of_the_wrong_type_are_refused(section: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidInput):
        hooks.parse({"hooks": section})


def test_hooks_do_not_inherit_what_we_have_open(tmp_path: Path) -> None:
    with files.closing(os.open("/etc/passwd", os.O_RDONLY)) as fd:
        os.dup2(fd, 77, inheritable=True)
        found = hooks.parse({"hooks": {"poststart": [shell(f"ls /proc/self/fd > {tmp_path}/fds")]}})
        hooks.run(found, ("poststart",), STATE)
        os.close(77)
    assert "77" not in (tmp_path / "fds").read_text().split()
