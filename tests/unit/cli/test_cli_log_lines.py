"""Lines cut out of a record: by number from its end, by time, with stamps, over pieces of two streams."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cli.logs.lines import LINE_MAX, LineCutter, Start
from engine.cli.logs.printer import Printer
from engine.cli.logs.selection import Part, Selection, select
from engine.cli.logs.tail import find_tail
from engine.errors import NotFound
from engine.supervise.log import LogReader, LogWriter, Piece, Stream

OUT, ERR = Stream.STDOUT, Stream.STDERR
Pieces = list[tuple[int, bytes]]
MakeLog = Callable[[Pieces], LogReader]
FIRST = Start(0)
STAMP = "1970-01-01T00:00:00.{:09d}Z"


@pytest.fixture
def make_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeLog]:
    """A record of these pieces; the n-th came n * 10 nanoseconds after the epoch."""
    opened: list[LogReader] = []

    def make(pieces: Pieces) -> LogReader:
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        writer = LogWriter(str(folder))
        for number, (stream, data) in enumerate(pieces):
            with monkeypatch.context() as patch:
                patch.setattr("engine.supervise.log.time.time_ns", lambda now=number * 10: now)
                writer.append(stream, data)
        writer.close()
        log = LogReader(os.open(folder / "output", os.O_RDONLY), os.open(folder / "index", os.O_RDONLY))
        opened.append(log)
        return log

    yield make
    for log in opened:
        log.close()


def printed(
    capfdbinary: pytest.CaptureFixture[bytes], log: LogReader, start: Start = FIRST, **options: object
) -> tuple[bytes, bytes]:
    printer = Printer(**{"timestamps": False, **options})  # type: ignore[arg-type]
    printer.begin(log, start)
    printer.go_on(log)
    printer.end()
    captured = capfdbinary.readouterr()
    return captured.out, captured.err


def test_streams_go_apart_byte_for_byte(make_log: MakeLog, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    log = make_log([(OUT, b"a\xff"), (ERR, b"e\n"), (Stream.STDIN, b"typed"), (OUT, b"b\0\n")])
    assert printed(capfdbinary, log) == (b"a\xffb\0\n", b"e\n")


def test_a_stamp_stands_before_each_line_with_the_time_of_its_end(
    make_log: MakeLog, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    log = make_log([(OUT, b"one\ntwo\nthr"), (ERR, b"err\n"), (OUT, b"ee\nlast")])
    out, err = printed(capfdbinary, log, timestamps=True)
    assert err.decode() == f"{STAMP.format(10)} err\n"
    *lines, last = out.decode().split("\n")
    assert lines == [f"{STAMP.format(0)} one", f"{STAMP.format(0)} two", f"{STAMP.format(20)} three"]
    assert last.endswith("Z last")


@pytest.mark.parametrize(
    ("wanted", "out", "err"),
    [
        (0, b"", b""),
        (1, b"", b"tail"),
        (2, b"five\n", b"tail"),
        (3, b"five\n", b"four\ntail"),
        (4, b"three\nfive\n", b"four\ntail"),
        (5, b"two\nthree\nfive\n", b"four\ntail"),
        (6, b"one\ntwo\nthree\nfive\n", b"four\ntail"),
        (99, b"one\ntwo\nthree\nfive\n", b"four\ntail"),
    ],
)
def test_the_last_lines_of_both_streams_in_the_order_of_their_ends(
    wanted: int, out: bytes, err: bytes, make_log: MakeLog, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    # "four" of stderr begins before "three" is complete, and is complete after it.
    log = make_log(
        [(OUT, b"one\ntwo\nth"), (ERR, b"fo"), (OUT, b"ree\n"), (ERR, b"ur\n"), (OUT, b"five\n"), (ERR, b"tail")]
    )
    tail = find_tail(log, wanted, log.count())
    assert tail.lines == min(wanted, 6)
    assert printed(capfdbinary, log, tail.start) == (out, err)


PIECES = st.lists(
    st.tuples(st.sampled_from([OUT, ERR]), st.text("ab\n", min_size=1, max_size=6).map(str.encode)), max_size=12
)


def lines_in_order_of_their_ends(pieces: Pieces) -> list[tuple[int, bytes]]:
    """The slow way, a byte at a time."""
    begun = {OUT: b"", ERR: b""}
    lines = []
    for stream, data in pieces:
        for byte in data:
            begun[stream] += bytes([byte])
            if byte == 10:
                lines.append((stream, begun[stream]))
                begun[stream] = b""
    rests = [(stream, begun[stream]) for stream in (OUT, ERR) if begun[stream]]
    return lines + rests


@settings(max_examples=150, deadline=None)
@given(pieces=PIECES, wanted=st.integers(0, 8))
def test_any_tail_is_what_counting_from_the_front_gives(
    tmp_path_factory: pytest.TempPathFactory, pieces: Pieces, wanted: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    writer = LogWriter(str(folder))
    for stream, data in pieces:
        writer.append(stream, data)
    writer.close()
    log = LogReader(os.open(folder / "output", os.O_RDONLY), os.open(folder / "index", os.O_RDONLY))
    found = {OUT: b"", ERR: b""}
    printer = Printer(timestamps=False)
    printer._emit = lambda fd, data: found.update({fd: found[fd] + data})  # type: ignore[method-assign,call-overload]
    printer._until_ns = 1 << 62  # the way that emits, not the one that copies
    printer.begin(log, find_tail(log, wanted, log.count()).start)
    printer.go_on(log)
    printer.end()
    log.close()
    lines = lines_in_order_of_their_ends(pieces)
    expected = lines[len(lines) - min(wanted, len(lines)) :]
    for stream in (OUT, ERR):
        assert found[stream] == b"".join(line for which, line in expected if which == stream)


def test_a_line_without_an_end_comes_out_in_bounded_parts() -> None:
    cutter = LineCutter()
    size = LINE_MAX // 2
    parts = [cutter.feed(Piece(0, 0, size, OUT), b"x" * size) for _ in range(3)]
    assert [len(lines.data) if lines else 0 for lines in parts] == [0, 0, 3 * size]
    assert list(cutter.rests(0)) == []


def test_a_time_cuts_at_both_ends(make_log: MakeLog, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    log = make_log([(OUT, b"0\n"), (OUT, b"1\n2 be"), (OUT, b"gun\n"), (OUT, b"3\n")])
    (part,) = select(lambda _run: make_copy(log), [1], Selection(since_ns=15))
    assert printed(capfdbinary, log, part.start) == (b"2 begun\n3\n", b"")
    assert printed(capfdbinary, log, until_ns=20) == (b"0\n1\n2 begun\n", b"")
    log.seek(0)
    assert printed(capfdbinary, log, until_ns=10, timestamps=True)[0].count(b"\n") == 2


def make_copy(log: LogReader) -> LogReader:
    return LogReader(os.dup(log.output), os.dup(log.index))


def test_the_last_lines_reach_back_into_earlier_runs(make_log: MakeLog) -> None:
    logs = {1: make_log([(OUT, b"a\nb\n")]), 3: make_log([(OUT, b"c\n")])}

    def open_log(run: int) -> LogReader:
        if run not in logs:
            raise NotFound("gone")
        return make_copy(logs[run])

    def parts(tail: int | None) -> list[Part]:
        return select(open_log, [1, 2, 3], Selection(tail=tail))

    assert parts(None) == [Part(1, Start(0)), Part(3, Start(0))]
    assert parts(1) == [Part(3, Start(0))]
    assert parts(2) == [Part(1, Start(0, 2)), Part(3, Start(0))]
    assert parts(0) == [Part(3, Start(1))]


def test_until_and_the_last_lines_together(make_log: MakeLog, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    log = make_log([(OUT, b"0\n"), (OUT, b"1\n"), (OUT, b"2\n"), (OUT, b"3\n")])
    (part,) = select(lambda _run: make_copy(log), [1], Selection(tail=2, until_ns=20))
    assert printed(capfdbinary, log, part.start, until_ns=20) == (b"1\n2\n", b"")
