"""A client of `exec` against the ends of pipes and of a terminal that the test holds."""

import fcntl
import os
import socket
import struct
import termios
import threading
from collections.abc import Iterator

import pytest

from engine import wire
from engine.cli.terminal.console import Manners, attach_program
from engine.cli.terminal.executed import set_size
from engine.connection import Connection
from engine.errors import Unreachable
from engine.session import Executed

WATCH = Manners(interactive=False, detach_keys=b"")


class Program:
    """The program's ends of an exec session."""

    def __init__(self, *, tty: bool, stdin: bool) -> None:
        self.far, near = socket.socketpair()
        self.ends: list[int] = []
        if tty:
            master, slave = os.openpty()
            ours, self.ends = [master], [slave]
        else:
            pipes = [os.pipe() for _ in range(3 if stdin else 2)]
            ours = ([pipes[0][1]] if stdin else []) + [reader for reader, _ in pipes[-2:]]
            self.ends = ([pipes[0][0]] if stdin else []) + [writer for _, writer in pipes[-2:]]
        self.session = Executed(Connection(near), ours, {"id": "exec-1", "tty": tty})

    def end(self, code: int) -> None:
        self.close_ends()
        wire.send(self.far, {"event": {"exit": code}})

    def close_ends(self) -> None:
        for fd in self.ends:
            os.close(fd)
        self.ends = []


@pytest.fixture
def typing() -> Iterator[int]:
    """Descriptor 0 is a pipe for the test; its writing end."""
    before = os.dup(0)
    reader, writer = os.pipe()
    os.dup2(reader, 0)
    os.close(reader)
    yield writer
    os.dup2(before, 0)
    os.close(before)


def test_both_streams_and_the_code_come_through(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    program = Program(tty=False, stdin=False)
    out, err = program.ends
    os.write(out, b"out\0")
    os.write(err, b"err")
    program.end(9)
    assert attach_program(program.session, WATCH) == 9
    assert capfdbinary.readouterr() == (b"out\0", b"err")
    assert program.session.fds == []


def test_output_left_in_the_pipe_at_the_exit_is_read(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    program = Program(tty=False, stdin=False)
    wire.send(program.far, {"event": {"exit": 0}})
    os.write(program.ends[0], b"x" * 60_000)
    assert attach_program(program.session, WATCH) == 0  # the other ends are open still: a child may hold them
    assert len(capfdbinary.readouterr().out) == 60_000
    program.close_ends()


def test_piped_input_arrives_whole_and_ends(typing: int) -> None:
    program = Program(tty=False, stdin=True)
    stdin, *_ = program.ends
    data = os.urandom(200_000)
    taken: list[bytes] = []

    def far_side() -> None:
        with open(os.dup(stdin), "rb") as pipe:
            taken.append(pipe.read())
        program.end(0)

    def person() -> None:
        with open(typing, "wb") as pipe:
            pipe.write(data)

    threads = [threading.Thread(target=part) for part in (far_side, person)]
    for thread in threads:
        thread.start()
    assert attach_program(program.session, Manners(interactive=True, detach_keys=b"\x1d")) == 0
    for thread in threads:
        thread.join()
    assert taken == [data]


def test_a_terminal_ends_without_an_error_when_the_program_closes_it(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    program = Program(tty=True, stdin=False)
    os.write(program.ends[0], b"hello")
    program.end(2)
    assert attach_program(program.session, WATCH) == 2
    assert capfdbinary.readouterr().out == b"hello"


def test_what_is_typed_reaches_the_terminal_and_keys_detach(typing: int) -> None:
    program = Program(tty=True, stdin=True)
    os.write(typing, b"ls\n\x1d")
    assert attach_program(program.session, Manners(interactive=True, detach_keys=b"\x1d")) == 0
    os.close(typing)
    # The master is closed now, and with it what was typed: the program sees a hang-up, as in a window that closes.
    assert os.read(program.ends[0], 10) == b""
    program.close_ends()


def test_the_size_of_a_terminal_is_set_on_its_master() -> None:
    master, slave = os.openpty()
    set_size(master, 33, 111)
    packed = fcntl.ioctl(slave, termios.TIOCGWINSZ, b"\0" * 8)
    assert struct.unpack("HHHH", packed)[:2] == (33, 111)
    os.close(master)
    os.close(slave)


def test_a_lost_engine_does_not_end_a_program_that_speaks(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    program = Program(tty=False, stdin=False)
    program.far.close()
    os.write(program.ends[0], b"still here")
    program.close_ends()
    with pytest.raises(Unreachable):
        attach_program(program.session, WATCH)
    assert capfdbinary.readouterr().out == b"still here"
