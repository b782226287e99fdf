"""An attached client against the supervisor's half of a session, played by the test."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.supervisor_side import SupervisorSide

from engine.cli.terminal.console import Manners, attach
from engine.errors import Conflict, Unreachable
from engine.session import Attached
from engine.supervise.log import Stream

OUT, ERR = Stream.STDOUT, Stream.STDERR
WATCH = Manners(interactive=False, detach_keys=b"")


@pytest.fixture
def far(tmp_path: Path) -> Iterator[SupervisorSide]:
    with SupervisorSide(tmp_path) as side:
        yield side


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


@contextmanager
def signal_once_it_relays(far: SupervisorSide, number: int) -> Iterator[None]:
    """Send the signal when the client has shown the first output: its handlers are there by then."""
    before = os.dup(1)
    reader, writer = os.pipe()
    os.dup2(writer, 1)
    os.close(writer)
    far.write(OUT, b"ready")

    def send() -> None:
        os.read(reader, 5)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        os.dup2(before, 1)
        os.close(before)
        thread.join()
        os.close(reader)


def test_output_comes_from_the_record_and_the_code_from_the_event(
    far: SupervisorSide, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    session = far.session()
    far.write(OUT, b"out\xff")
    far.write(ERR, b"err")
    far.write(Stream.STDIN, b"echo of what was typed")
    far.exit(7)
    assert attach(session, WATCH) == 7
    assert capfdbinary.readouterr() == (b"out\xff", b"err")


def test_output_that_came_after_the_last_word_of_the_stream_is_not_lost(
    far: SupervisorSide, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    session = far.session()
    far.exit(0)
    far.writer.append(OUT, b"late")
    assert attach(session, WATCH) == 0
    assert capfdbinary.readouterr().out == b"late"


def test_attaching_begins_where_the_engine_says(far: SupervisorSide, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    far.writer.append(OUT, b"before")
    session = far.session(position=1)
    far.write(OUT, b"after")
    far.exit(0)
    attach(session, WATCH)
    assert capfdbinary.readouterr().out == b"after"


def test_input_is_passed_on_to_its_end(far: SupervisorSide, typing: int) -> None:
    session = far.session()
    data = os.urandom(300_000)
    taken: list[bytes] = []

    def supervisor() -> None:
        taken.append(far.read_input())
        far.exit(0)

    def person() -> None:
        with open(typing, "wb") as pipe:
            pipe.write(data)

    threads = [threading.Thread(target=part) for part in (supervisor, person)]
    for thread in threads:
        thread.start()
    assert attach(session, Manners(interactive=True, detach_keys=b"\x1d")) == 0
    for thread in threads:
        thread.join()
    assert taken == [data]


def test_detaching_leaves_the_program_and_returns_zero(
    far: SupervisorSide, typing: int, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    session = far.session(tty=True)
    os.write(typing, b"ls\x10\x11never")
    assert attach(session, Manners(interactive=True, detach_keys=b"\x10\x11")) == 0
    assert far.read_input() == b"ls"
    assert capfdbinary.readouterr().out == b"\n"
    os.close(typing)


def test_a_closed_standard_input_of_the_container_is_not_fed(far: SupervisorSide, typing: int) -> None:
    session = far.session(stdin_open=False)
    os.write(typing, b"nobody reads this")
    os.close(typing)
    far.exit(3)
    assert attach(session, Manners(interactive=True, detach_keys=b"")) == 3
    assert far.read_input() == b""


def test_a_signal_is_forwarded_and_the_program_decides(far: SupervisorSide) -> None:
    session = far.session()
    sent: list[str] = []

    def forward(name: str) -> None:
        sent.append(name)
        far.exit(42)

    with signal_once_it_relays(far, signal.SIGTERM):
        assert attach(session, WATCH._replace(forward=forward)) == 42
    assert sent == ["TERM"]


def test_without_forwarding_a_signal_ends_the_attachment(far: SupervisorSide) -> None:
    session = far.session()
    with signal_once_it_relays(far, signal.SIGHUP):
        assert attach(session, WATCH) == 128 + signal.SIGHUP


def test_the_third_interrupt_leaves_a_program_that_ignores_them(far: SupervisorSide) -> None:
    session = far.session()
    sent: list[str] = []

    def forward(name: str) -> None:
        sent.append(name)
        os.kill(os.getpid(), signal.SIGINT)

    with signal_once_it_relays(far, signal.SIGINT):
        assert attach(session, WATCH._replace(forward=forward)) == 130
    assert sent == ["INT", "INT"]


def test_a_signal_for_what_has_just_ended_is_no_error(far: SupervisorSide) -> None:
    session = far.session()

    def forward(_name: str) -> None:
        far.exit(5)
        raise Conflict("it is not running")

    with signal_once_it_relays(far, signal.SIGTERM):
        assert attach(session, WATCH._replace(forward=forward)) == 5


def test_the_handlers_of_before_are_back_afterwards(far: SupervisorSide) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGWINCH)]
    session = far.session()
    far.exit(0)
    attach(session, WATCH)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGWINCH)] == before


def test_what_is_ignored_stays_ignored(far: SupervisorSide) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        session = far.session()
        os.kill(os.getpid(), signal.SIGHUP)
        far.exit(0)
        assert attach(session, WATCH) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_lost_supervisor_is_an_error_where_nothing_can_be_resumed(far: SupervisorSide) -> None:
    session = far.session()
    far.stream.close()
    far.connection.close()
    with pytest.raises(Unreachable):
        attach(session, WATCH)


def test_a_lost_supervisor_s_successor_goes_on_at_the_same_piece(
    far: SupervisorSide, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    session = far.session()
    far.write(OUT, b"one ")
    far.stream.close()
    far.connection.close()

    def resume(position: int) -> Attached:
        far.writer.append(OUT, b"two ")
        again = far.session(position=position)
        far.write(OUT, b"three")
        far.exit(4)
        return again

    assert attach(session, WATCH._replace(resume=resume)) == 4
    assert capfdbinary.readouterr().out == b"one two three"


def test_a_run_that_ended_without_a_supervisor_gives_its_code(far: SupervisorSide) -> None:
    session = far.session()
    far.stream.close()
    far.connection.close()
    assert attach(session, WATCH._replace(resume=lambda _position: 9)) == 9
