"""The words between a parent and a child that becomes a container, and the parent that waits for them."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import errors
from engine.sandbox import drive, messages
from engine.sandbox.child import Child
from engine.sandbox.messages import Kind


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


Pair = tuple[socket.socket, socket.socket]


def test_a_message_is_read_as_it_was_sent(pair: Pair) -> None:
    messages.send(pair[1], messages.encode(Kind.GO, size=[24, 80]))
    message, fds = messages.receive(pair[0])
    assert (message.kind, message.data, fds) == (Kind.GO, {"size": [24, 80]}, [])


def test_descriptors_come_beside_it_and_are_not_inherited(pair: Pair) -> None:
    reader, writer = os.pipe()
    messages.send(pair[1], messages.BARE[Kind.TTY], writer)
    os.close(writer)
    message, (fd,) = messages.receive(pair[0])
    assert message.kind is Kind.TTY
    assert not os.get_inheritable(fd)
    os.write(fd, b"x")
    os.close(fd)
    assert os.read(reader, 9) == b"x"
    os.close(reader)


@pytest.mark.parametrize("packet", [b"", b"{", b"[]", b"1", b"{}", b'{"type": "nonsense"}', b"\xff"])
def test_nonsense_is_a_value_error(packet: bytes) -> None:
    with pytest.raises(ValueError):
        messages.decode(packet)


def test_the_end_is_told_from_a_message(pair: Pair) -> None:
    pair[1].close()
    with pytest.raises(messages.GoneAway):
        messages.receive(pair[0])


def test_what_was_said_before_the_end_is_still_read(pair: Pair) -> None:
    messages.send(pair[0], messages.BARE[Kind.GO])
    messages.send(pair[1], messages.BARE[Kind.READY])
    pair[1].close()  # with GO unread: the reader sees ECONNRESET first
    assert messages.receive(pair[0])[0].kind is Kind.READY


def test_an_error_crosses_with_its_hint_and_number() -> None:
    sent = errors.NotFound("no such thing", hint="make one", errno=2)
    found = messages.error_of(messages.decode(messages.encode(Kind.ERROR, **sent.to_json())))
    assert type(found) is errors.NotFound
    assert (found.message, found.hint, found.errno) == ("no such thing", "make one", 2)


@pytest.fixture
def child(pair: Pair) -> Iterator[Child]:
    """A process that does nothing, with a channel on which the test talks for it."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield Child(process.pid, os.pidfd_open(process.pid), pair[0])
        process.kill()


def say(pair: Pair, *packets: bytes) -> None:
    for packet in packets:
        messages.send(pair[1], packet)


def no_hooks() -> None:
    pytest.fail("there are no hooks")


def test_a_child_is_led_to_its_program(pair: Pair, child: Child) -> None:
    say(pair, messages.BARE[Kind.UNSHARED], messages.encode(Kind.WARNING, text="careful"))
    pair[1].shutdown(socket.SHUT_WR)
    made = drive.drive(child, size=(24, 80), hooks=no_hooks, waits=False)
    assert messages.receive(pair[1])[0].data == {"size": [24, 80]}
    assert (made.pid, made.terminal, made.listener, made.warnings) == (child.pid, None, None, ("careful",))
    os.close(made.pidfd)


def test_hooks_run_when_the_child_says_so(pair: Pair, child: Child) -> None:
    ran: list[int] = []
    say(pair, messages.BARE[Kind.HOOKS], messages.BARE[Kind.READY])
    made = drive.drive(child, size=None, hooks=lambda: ran.append(1), waits=True)
    assert ran == [1]
    assert messages.receive(pair[1])[0].kind is Kind.HOOKED
    os.close(made.pidfd)


def test_a_terminal_comes_up_with_its_message(pair: Pair, child: Child) -> None:
    with open("/dev/null") as null:
        messages.send(pair[1], messages.BARE[Kind.TTY], null.fileno())
    say(pair, messages.BARE[Kind.READY])
    made = drive.drive(child, size=None, hooks=no_hooks, waits=True)
    assert made.terminal is not None
    os.close(made.terminal)
    os.close(made.pidfd)


def open_fds() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_an_error_of_the_child_ends_it_and_leaves_no_descriptor(pair: Pair, child: Child) -> None:
    before = len(open_fds())
    with open("/dev/null") as null:
        messages.send(pair[1], messages.BARE[Kind.TTY], null.fileno())
    say(pair, messages.encode(Kind.ERROR, **errors.SetupFailed("no room").to_json()))
    with pytest.raises(errors.SetupFailed, match="no room"):
        drive.drive(child, size=None, hooks=no_hooks, waits=True)
    assert not os.path.exists(f"/proc/{child.pid}") or Path(f"/proc/{child.pid}/stat").read_text().split()[2] == "Z"
    assert len(open_fds()) == before - 2  # the channel and the pidfd went with it


def test_a_hook_that_fails_ends_the_child(pair: Pair, child: Child) -> None:
    def fail() -> None:
        raise errors.SetupFailed("the hook said no")

    say(pair, messages.BARE[Kind.HOOKS])
    with pytest.raises(errors.SetupFailed, match="the hook said no"):
        drive.drive(child, size=None, hooks=fail, waits=True)


def test_a_child_that_dies_before_it_is_ready_is_told(pair: Pair, child: Child) -> None:
    pair[1].close()
    with pytest.raises(errors.SetupFailed, match="died while it was made"):
        drive.drive(child, size=None, hooks=no_hooks, waits=True)


@pytest.mark.parametrize("depth", [1, 20])
def test_a_descriptor_is_passed_to_a_socket_however_long_its_path_is(tmp_path: Path, depth: int) -> None:
    folder = tmp_path.joinpath(*["long-name"] * depth)
    folder.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listening:
        at = os.open(folder, os.O_PATH)
        listening.bind(f"/proc/self/fd/{at}/console.sock")
        os.close(at)
        listening.listen()
        reader, writer = os.pipe()
        drive.send_fd(f"{folder}/console.sock", b"/dev/ptmx", reader)
        with listening.accept()[0] as got:
            data, fds, _, _ = socket.recv_fds(got, 100, 4)
    assert data == b"/dev/ptmx"
    for fd in (reader, writer, *fds):
        os.close(fd)
    assert len(fds) == 1
