"""Threads beside a stream change nothing of it, pass on what went wrong, and end."""

import io
import os
import threading

import pytest

from engine.archive.ahead import PIECES_MAX, ReadAhead, WriteBehind
from engine.archive.hashing import HashingOutput, HashingSource

CONTENT = os.urandom(3_000_001)


class Failing:
    """Gives some bytes and then an error, and counts how often it is asked; takes some and then fails alike."""

    def __init__(self, good: int) -> None:
        self._good = good
        self.calls = 0

    def read(self, size: int, /) -> bytes:
        self.calls += 1
        if self.calls > self._good:
            raise ConnectionResetError("cut")
        return bytes(1 << 20)

    def write(self, data: bytes, /) -> None:
        self.calls += 1
        if self.calls > self._good:
            raise OSError("no space left")


@pytest.fixture(autouse=True)
def _no_thread_stays() -> None:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@pytest.mark.parametrize("size", [1000, 1 << 18, 1 << 20, 5 << 20])
def test_what_is_read_ahead_is_what_is_there(size: int) -> None:
    with ReadAhead(io.BytesIO(CONTENT)) as source:
        pieces = list(iter(lambda: source.read(size), b""))
        assert source.read(size) == b""
    assert b"".join(pieces) == CONTENT
    assert max(map(len, pieces)) <= size


def test_small_pieces_of_a_source_are_gathered() -> None:
    class Small(io.BytesIO):
        def read(self, size: int = -1, /) -> bytes:
            return super().read(min(size, 1000))

    with ReadAhead(Small(CONTENT)) as source:
        assert len(source.read(1 << 20)) >= 1 << 18


def test_an_error_of_the_source_comes_where_its_bytes_would_have() -> None:
    failing = Failing(2)
    with ReadAhead(failing) as source:
        assert [len(source.read(1 << 20)) for _ in range(2)] == [1 << 20, 1 << 20]
        with pytest.raises(ConnectionResetError, match="cut"):
            source.read(1 << 20)
    assert failing.calls == 3


def test_only_so_much_is_read_ahead() -> None:
    endless = Failing(1000)
    with ReadAhead(endless) as source:
        source.read(1 << 20)
    assert endless.calls <= PIECES_MAX + 1


def test_what_is_written_behind_is_all_there_after_close() -> None:
    output = io.BytesIO()
    with WriteBehind(output) as behind:
        for at in range(0, len(CONTENT), 100_000):
            behind.write(CONTENT[at : at + 100_000])
    assert output.getvalue() == CONTENT


def test_an_error_of_the_output_is_raised_and_nothing_follows_it() -> None:
    failing = Failing(1)
    behind = WriteBehind(failing)
    with pytest.raises(OSError, match="no space left"):
        for _ in range(20):
            behind.write(b"x")
        behind.close()
    behind.close()
    assert failing.calls == 2


def test_an_error_of_the_writer_ends_the_thread() -> None:
    with pytest.raises(ZeroDivisionError), WriteBehind(io.BytesIO()) as behind:
        behind.write(b"x")
        raise ZeroDivisionError


def test_digests_are_those_of_all_that_passed() -> None:
    import hashlib

    output = io.BytesIO()
    hashed = HashingOutput(output)
    source = HashingSource(io.BytesIO(CONTENT))
    while data := source.read(70_000):
        hashed.write(data)
    expected = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
    assert (source.digest, source.size) == (hashed.digest, hashed.size) == (expected, len(CONTENT))
    assert output.getvalue() == CONTENT
