"""What others do meanwhile, and what is left of a command that was killed: nothing, and exit codes stay true."""

import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from support.bundles import COMMAND, Runtime
from support.waiting import until

pytestmark = [pytest.mark.root, pytest.mark.requires("busybox", "namespaces")]
_AMOUNT = 300_000


def _foreground(runtime: Runtime) -> tuple[str, subprocess.Popen[bytes]]:
    container_id = runtime.name()
    command = [COMMAND, "--root", runtime.root, "run", "--bundle", runtime.bundle, container_id]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return container_id, process


def test_a_container_that_another_command_deletes_ends_its_foreground_as_killed(runtime: Runtime) -> None:
    runtime.args("sh", "-c", "echo up; exec sleep 100")
    container_id, process = _foreground(runtime)
    assert runtime("delete", "--force", container_id).code == 0
    assert process.communicate(timeout=30) == (b"", b"")
    assert process.returncode == 128 + signal.SIGKILL


def test_a_signal_to_the_foreground_reaches_the_program(runtime: Runtime) -> None:
    runtime.args("sh", "-c", "trap 'echo got; exit 5' USR1; echo up; while :; do sleep 0.05; done")
    _, process = _foreground(runtime)
    process.send_signal(signal.SIGUSR1)
    assert process.communicate(timeout=30)[0] == b"got\n"
    assert process.returncode == 5


@pytest.mark.parametrize("terminal", [False, True])
def test_a_caller_without_standard_input_gets_a_container_all_the_same(runtime: Runtime, terminal: bool) -> None:
    runtime.args("sh", "-c", "echo hi")
    runtime.configure(lambda spec: spec["process"].update(terminal=terminal))
    command = [COMMAND, "--root", runtime.root, "run", "--bundle", runtime.bundle, runtime.name()]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *command], stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, b"hi", b"")


def test_much_input_passes_a_terminal_whose_program_answers_it(runtime: Runtime) -> None:
    """The program reads on only when its output is read: who waits to write to it waits for ever."""
    runtime.args("sh", "-c", f"stty raw -echo; echo up; head -c {_AMOUNT} | cat; exit 4")
    runtime.configure(lambda spec: spec["process"].update(terminal=True))
    master, slave = pty.openpty()
    command = [COMMAND, "--root", runtime.root, "run", "--bundle", runtime.bundle, runtime.name()]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    try:
        assert _exchange(master) == _AMOUNT
        assert process.wait(30) == 4
    finally:
        os.close(master)
        process.kill()
        process.wait()


def _exchange(master: int) -> int:
    """Type so many x once the program is up; how many came back."""
    os.set_blocking(master, False)
    left, came, deadline = b"", b"", time.monotonic() + 60
    typed = False
    while came.count(b"x") < _AMOUNT and time.monotonic() < deadline:
        readable, writable, _ = select.select([master], [master] if left else [], [], 1)
        if readable:
            came += os.read(master, 65536)
        if writable:
            with suppress(BlockingIOError):
                left = left[os.write(master, left) :]
        if not typed and b"up" in came:
            typed, left = True, b"x" * _AMOUNT
    return came.count(b"x")


def test_what_is_left_of_a_killed_create_can_be_deleted(runtime: Runtime, tmp_path: Path) -> None:
    """It is killed while a hook of its runs; nobody has written the pid of the container down yet."""
    gate = tmp_path / "gate"
    gate.touch()
    hook = {"path": "/bin/sh", "args": ["sh", "-c", f"touch {gate}.reached; exec flock {gate} true"]}
    runtime.configure(lambda spec: spec.update(hooks={"createRuntime": [hook]}))
    container_id = runtime.name()
    command = [COMMAND, "--root", runtime.root, "create", "--bundle", runtime.bundle, container_id]
    with gate.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        until(lambda: os.path.exists(f"{gate}.reached"), "the hook to run")
        process.kill()
        process.wait()
    assert runtime.status(container_id) == "creating"
    outcome = runtime("delete", "--force", container_id)
    assert (outcome.code, outcome.err) == (0, "")
    assert os.listdir(runtime.root) == []


def test_an_id_is_free_again_after_a_create_that_was_killed_at_once(runtime: Runtime) -> None:
    container_id = runtime.name()
    os.makedirs(f"{runtime.root}/{container_id}")
    assert runtime("delete", "--force", container_id).code == 0
    runtime.args("true")
    assert runtime("run", "--bundle", runtime.bundle, container_id).code == 0


def test_of_several_creates_at_once_one_makes_the_container(runtime: Runtime) -> None:
    runtime.args("sleep", "100")
    container_id = runtime.name()
    command = [COMMAND, "--root", runtime.root, "create", "--bundle", runtime.bundle, container_id]
    nothing = subprocess.DEVNULL
    several = [subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing) for _ in range(3)]
    assert sorted(process.wait(60) for process in several) == [0, 1, 1]
    assert runtime.status(container_id) == "created"
    assert json.loads(Path(runtime.root, container_id, "state.json").read_text())["pid"] > 1
