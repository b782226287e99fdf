"""For every k the k-th kernel call fails, and nothing stays behind."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.box import Box, Running
from support.faults import every_fault

from engine import errors
from engine.model import Bind

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces", "overlay")]

FORGIVEN = {
    "chdir": "tried again as the user",
    "clone3": "tried again without its cgroup",
    "fchown": "a terminal or pipe of a user whom the user namespace does not know stays as it is",
    "keyctl": "no keys in this kernel",
    "mknodat": "the host's node is bound instead",
    "openat2": "no passwd in this image",
    "prlimit64": "as close as may be, with a warning",
    "read": "nothing to be read in passwd",
    "rt_sigprocmask": "tried again, since the keeper needs its signals",
    "setns": "tried again, since the keeper must come back",
}
"""Calls whose failure a start may outlive, and why."""


def belongings() -> tuple[object, ...]:
    """What a failed start might leave, cheap enough to be looked at after each."""
    return (
        sorted(os.listdir("/proc/self/fd")),
        Path("/proc/self/mountinfo").read_text(),
        Path("/proc/self/task", str(os.getpid()), "children").read_text(),
        os.readlink("/proc/self/ns/pid_for_children"),
        Path("/proc/self/status").read_text().partition("SigBlk:")[2].split()[0],
    )


def attempt(start: Callable[[], Running]) -> errors.EngineError | None:
    """The error, from wherever it came; None where the program ran."""
    try:
        running = start()
    except errors.EngineError as err:
        return err
    outcome = running.until_exec().outcome()
    assert outcome.error is None or outcome.code == outcome.error.exit_code
    assert outcome.error is not None or outcome.code == 0
    return outcome.error


def fail_every_call(error: int, start: Callable[[], Running]) -> set[str]:
    """The calls that were made to fail, here and in the child."""
    found: list[errors.EngineError | None] = []
    attempt(start)
    before = belongings()
    seen = set()
    for here in (True, False):
        for number, calls in every_fault(error, lambda: found.append(attempt(start)), here=here):
            assert belongings() == before, f"after call {number}, {calls}"
            assert found[-1] is not None or set(calls) <= set(FORGIVEN), f"call {number}, {calls}, failed unnoticed"
            seen |= set(calls)
        assert found[-1] is None
    return seen


@pytest.mark.parametrize("error", [errno.EIO, errno.EPERM])
def test_no_failing_call_of_create_leaves_anything_or_goes_unnoticed(layered: Box, tmp_path: Path, error: int) -> None:
    (tmp_path / "shared").mkdir()
    bind = Bind(source=str(tmp_path / "shared"), target="/data/deep", read_only=True)
    calls = fail_every_call(
        error, lambda: layered.start("true", binds=(bind,), workdir="/made/up", user="bob", read_only=True)
    )
    assert {"clone3", "unshare", "mount", "openat2", "pivot_root", "umount2", "setresuid", "capset", "execve"} < calls


def test_no_failing_call_of_create_in_a_user_namespace_leaves_anything(layered: Box) -> None:
    ids = [{"containerID": 0, "hostID": 0x7000_0000, "size": 65536}]

    def change(spec: dict[str, Any]) -> None:
        spec["linux"] |= {"uidMappings": ids, "gidMappings": ids, "sysctl": {}}
        spec["linux"]["namespaces"].append({"type": "user"})

    layered.change = change
    layered.root["idmap"] = True
    calls = fail_every_call(errno.EIO, lambda: layered.start("true"))
    assert {"open_tree", "mount_setattr", "move_mount", "setresgid"} < calls


def test_no_failing_call_of_create_with_a_terminal_and_an_init_leaves_anything(layered: Box) -> None:
    assert {"ioctl", "fork", "dup3"} < fail_every_call(errno.EIO, lambda: layered.start("true", tty=True, init=True))


def test_no_failing_call_of_enter_leaves_anything_or_goes_unnoticed(layered: Box) -> None:
    container = layered.start("sleep", "1000").until_exec()
    try:
        calls = fail_every_call(errno.EIO, lambda: layered.enter(container.pid, "true", tty=True, user="bob"))
    finally:
        container.kill()
        container.outcome()
    assert {"pidfd_open", "setns", "ioctl"} < calls
