"""Processes, queues, keys and terminals of the host and of other containers."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.deck import QD, Deck

Attack = Callable[..., dict[str, str]]
BASE = "localhost/base"
PUSH = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSTI, b'Z')"

pytestmark = pytest.mark.root


@pytest.fixture
def sleeper() -> Iterator[int]:
    """A process of the host."""
    with subprocess.Popen(["sleep", "100"]) as process:
        yield process.pid
        process.kill()


def test_a_process_of_the_host_gets_no_signal(attack: Attack, sleeper: int) -> None:
    name = f"signal:{sleeper}"
    assert attack(name) == {name: "ESRCH"}
    assert attack(name, options=("--pid", "host")) == {name: "EPERM"}
    assert attack(name, options=("--pid", "host", "--userns", "host")) == {name: "done"}


def test_a_process_of_the_host_has_no_secrets_even_where_it_is_seen(attack: Attack, sleeper: int) -> None:
    names = (f"read:/proc/{sleeper}/environ", f"read:/proc/{sleeper}/mem", f"read:/proc/{sleeper}/root/etc/shadow")
    assert set(attack(*names).values()) == {"ENOENT"}
    assert set(attack(*names, options=("--pid", "host")).values()) <= {"EACCES", "EPERM"}
    loose = ("--pid", "host", "--privileged", "--userns", "host")
    assert set(attack(*names, options=loose).values()) == {"done"}


def test_root_inside_is_nobody_to_files_of_the_host(deck: Deck, tmp_path: Path) -> None:
    """Were a way to the host's tree found, it would be walked by a user who owns nothing there."""
    pid = deck.engine.container(deck.start(BASE, "sleep", "1000")).state.pid
    tmp_path.chmod(0o755)
    (tmp_path / "file").write_text("of the host")
    script = ["sh", "-c", f"echo taken > {tmp_path}/file"]
    os.chmod(tmp_path.parent, 0o755)
    inside = ["nsenter", f"--user=/proc/{pid}/ns/user", "--setuid", "0", "--setgid", "0", *script]
    assert subprocess.run(inside, capture_output=True, timeout=30).returncode != 0
    assert (tmp_path / "file").read_text() == "of the host"
    assert subprocess.run(script, timeout=30).returncode == 0, "the control: root of the host can"


def test_two_containers_share_no_user_ids(deck: Deck) -> None:
    pids = [deck.engine.container(deck.start(BASE, "sleep", "1000")).state.pid for _ in range(2)]
    starts = [int(Path(f"/proc/{pid}/uid_map").read_text().split()[1]) for pid in pids]
    assert abs(starts[0] - starts[1]) >= 65536
    assert min(starts) >= 65536


@pytest.mark.requires("ipcmk", "ipcrm")
def test_a_queue_of_the_host_is_not_there(deck: Deck) -> None:
    made = subprocess.run(["ipcmk", "-Q"], capture_output=True, text=True, check=True).stdout.split()[-1]
    try:
        queues = lambda *options: deck.out("run", "--rm", *options, BASE, "cat", "/proc/sysvipc/msg").splitlines()  # noqa: E731
        assert len(queues()) == 1
        assert len(queues("--ipc", "host")) >= 2
    finally:
        subprocess.run(["ipcrm", "-q", made], check=True)


def test_the_session_keyring_is_its_own(deck: Deck) -> None:
    """Two containers, the calls for keys allowed: neither sees the other's keyring nor the engine's."""
    script = "grep -h _ses /proc/keys | tr -s ' ' | cut -d' ' -f1,9"
    options = ("--security-opt", "seccomp=unconfined", "--security-opt", "unmask=/proc/keys")
    first, second = (deck.out("run", "--rm", *options, BASE, "sh", "-c", script) for _ in range(2))
    assert len(first.splitlines()) <= 1
    assert not set(first.split()) & set(second.split()) - {""}


def _typed(side: int) -> int:
    """Bytes that wait on a terminal for who reads it."""
    return int(struct.unpack("i", fcntl.ioctl(side, termios.FIONREAD, b"\0" * 4))[0])


@pytest.mark.parametrize("options", [(), ("-i",), ("-t",), ("-i", "-t")])
def test_nothing_is_typed_on_the_callers_terminal(deck: Deck, options: tuple[str, ...]) -> None:
    """TIOCSTI puts characters into a terminal's input: the shell that started us would execute them."""
    main, side = pty.openpty()
    try:
        command = [QD, "run", "--rm", *options, "--privileged", BASE, "python3", "-c", PUSH]
        with subprocess.Popen(command, stdin=side, stdout=side, stderr=side, env=deck.environment) as process:
            process.wait(60)
        flags = termios.tcgetattr(side)
        flags[3] &= ~termios.ICANON
        termios.tcsetattr(side, termios.TCSANOW, flags)
        assert _typed(side) == 0
        subprocess.run(["python3", "-c", PUSH], stdin=side, check=True)
        assert _typed(side) == 1, "the control: a process on this terminal can"
    finally:
        os.close(main)
        os.close(side)
