"""Standard input on its way to a program that may be slow, or gone."""

import os
from collections.abc import Iterator

import pytest

from engine.cli.terminal.detach import DetachKeys
from engine.cli.terminal.keyboard import PENDING_MAX, Keyboard


class Sink:
    """Takes at most `room` bytes."""

    def __init__(self, room: int = 1 << 30) -> None:
        self.room = room
        self.taken = b""
        self.closed = 0
        self.broken = False

    def fileno(self) -> int:
        return -1

    def write(self, data: bytes) -> int:
        if self.broken:
            raise BrokenPipeError
        if not self.room:
            raise BlockingIOError
        piece = data[: self.room]
        self.taken += piece
        self.room -= len(piece)
        return len(piece)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def typing() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)


def test_what_is_typed_reaches_the_sink_and_its_end_closes_it(typing: tuple[int, int]) -> None:
    reader, writer = typing
    sink = Sink()
    keyboard = Keyboard(reader, DetachKeys(b""), sink)
    os.write(writer, b"hello\x1d")
    assert keyboard.read() is False
    assert (sink.taken, sink.closed, keyboard.ended) == (b"hello\x1d", 0, False)
    os.close(writer)
    keyboard.read()
    assert (sink.closed, keyboard.ended, keyboard.can_read()) == (1, True, False)


def test_the_end_waits_for_what_the_sink_has_not_taken(typing: tuple[int, int]) -> None:
    reader, writer = typing
    sink = Sink(room=2)
    keyboard = Keyboard(reader, DetachKeys(b""), sink)
    os.write(writer, b"hello")
    os.close(writer)
    keyboard.read()
    keyboard.read()
    assert (sink.taken, sink.closed, keyboard.can_write()) == (b"he", 0, True)
    sink.room = 10
    keyboard.flush()
    assert (sink.taken, sink.closed, keyboard.can_write()) == (b"hello", 1, False)


def test_a_full_sink_stops_the_reading_at_a_bound(typing: tuple[int, int]) -> None:
    reader, writer = typing
    keyboard = Keyboard(reader, DetachKeys(b""), Sink(room=0))
    for _ in range(PENDING_MAX // 4096):
        assert keyboard.can_read()
        os.write(writer, b"x" * 4096)
        keyboard.read()
    assert not keyboard.can_read()
    os.close(writer)


def test_a_program_that_closed_its_input_is_no_error(typing: tuple[int, int]) -> None:
    reader, writer = typing
    sink = Sink()
    sink.broken = True
    keyboard = Keyboard(reader, DetachKeys(b""), sink)
    os.write(writer, b"x")
    assert keyboard.read() is False
    assert (sink.closed, keyboard.can_read()) == (1, False)
    keyboard.close()
    assert sink.closed == 1
    os.close(writer)


def test_the_keys_detach_and_what_was_typed_before_them_is_passed_on(typing: tuple[int, int]) -> None:
    reader, writer = typing
    sink = Sink()
    os.write(writer, b"ls\n\x1d")
    assert Keyboard(reader, DetachKeys(b"\x1d"), sink).read() is True
    assert sink.taken == b"ls\n"
    os.close(writer)
