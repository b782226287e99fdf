"""The terminal is put back, however its user ends."""

import os
import signal
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.waiting import until

from engine.cli.guard import decode, encode, guarded, is_raw
from engine.cli.terminal.raw import raw_mode, size_of

USER = """
import os, sys, signal
from engine.cli.guard import guarded
from engine.cli.terminal.raw import raw_mode
with guarded(0), raw_mode(0):
    os.write(1, b"ready")
    if len(sys.argv) > 1:
        raise RuntimeError(sys.argv[1])
    signal.pause()
"""


@pytest.fixture
def pty() -> Iterator[tuple[int, int]]:
    master, slave = os.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def start_user(slave: int, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", USER, *arguments]
    return subprocess.Popen(command, stdin=slave, stdout=slave, stderr=subprocess.DEVNULL, start_new_session=True)


def read_until(master: int, text: bytes) -> bytes:
    data = b""
    while text not in data:
        data += os.read(master, 4096)
    return data


def guards_of(slave: int) -> list[str]:
    """Guards whose standard output is this terminal."""
    name = os.ttyname(slave)
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if b"guard.py" in Path(f"/proc/{pid}/cmdline").read_bytes() and os.readlink(f"/proc/{pid}/fd/1") == name:
                found.append(pid)
        except OSError:
            continue
    return found


def test_a_killed_user_s_terminal_is_restored_and_its_screen_left(pty: tuple[int, int]) -> None:
    master, slave = pty
    before = termios.tcgetattr(slave)
    with start_user(slave) as user:
        read_until(master, b"ready")
        assert is_raw(termios.tcgetattr(slave))
        user.send_signal(signal.SIGKILL)
    until(lambda: termios.tcgetattr(slave) == before, "the settings of before")
    assert b"\x1b[?1049l" in read_until(master, b"\x1b[?25h")
    until(lambda: not guards_of(slave), "the end of the guard")


def test_a_user_that_ends_by_itself_needs_no_guard(pty: tuple[int, int]) -> None:
    master, slave = pty
    before = termios.tcgetattr(slave)
    with start_user(slave, "an exception") as user:
        read_until(master, b"ready")
    assert user.returncode == 1
    assert termios.tcgetattr(slave) == before
    assert guards_of(slave) == []


def test_a_shell_that_was_quicker_is_left_alone(pty: tuple[int, int]) -> None:
    master, slave = pty
    with start_user(slave) as user:
        read_until(master, b"ready")
        line_editor = termios.tcgetattr(slave)
        line_editor[3] = (line_editor[3] & ~termios.ICANON) | termios.ISIG  # type: ignore[operator]
        termios.tcsetattr(slave, termios.TCSANOW, line_editor)
        user.send_signal(signal.SIGKILL)
    until(lambda: not guards_of(slave), "the end of the guard")
    assert termios.tcgetattr(slave)[3] == line_editor[3]


def test_what_is_no_terminal_needs_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    reader, writer = os.pipe()
    with guarded(reader), raw_mode(reader):
        pass
    assert size_of(reader) is None
    os.close(reader)
    os.close(writer)
    assert capfd.readouterr() == ("", "")


def test_attributes_survive_the_way_to_the_guard(pty: tuple[int, int]) -> None:
    _master, slave = pty
    for change in (lambda: None, lambda: tty.setraw(slave)):
        change()
        attributes = termios.tcgetattr(slave)
        restored = decode(encode(attributes))
        assert restored[:6] == attributes[:6]
        termios.tcsetattr(slave, termios.TCSANOW, restored)
        assert termios.tcgetattr(slave) == attributes


def test_raw_mode_ends_with_its_block(pty: tuple[int, int]) -> None:
    _master, slave = pty
    before = termios.tcgetattr(slave)
    with pytest.raises(KeyError), raw_mode(slave):
        assert is_raw(termios.tcgetattr(slave))
        raise KeyError
    assert termios.tcgetattr(slave) == before
