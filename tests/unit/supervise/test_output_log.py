"""The record of a run's output."""

import os
from pathlib import Path

import pytest

from engine.supervise.log import RECORD_SIZE, LogReader, LogWriter, Stream


def reader_of(folder: Path) -> LogReader:
    return LogReader(os.open(folder / "output", os.O_RDONLY), os.open(folder / "index", os.O_RDONLY))


def test_pieces_come_back_as_they_were_written_with_their_streams(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path))
    writer.append(Stream.STDOUT, b"one\ntw")
    writer.append(Stream.STDERR, b"oops\n")
    writer.append(Stream.STDOUT, b"o\n")
    reader = reader_of(tmp_path)
    assert [(piece.stream, data) for piece, data in reader.chunks()] == [
        (Stream.STDOUT, b"one\ntw"),
        (Stream.STDERR, b"oops\n"),
        (Stream.STDOUT, b"o\n"),
    ]
    assert (tmp_path / "output").read_bytes() == b"one\ntwoops\no\n"
    reader.close()
    writer.close()


def test_a_reader_goes_on_where_it_stopped_while_the_log_grows(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path))
    reader = reader_of(tmp_path)
    assert list(reader.chunks()) == []
    writer.append(Stream.STDOUT, b"a")
    assert [data for _, data in reader.chunks()] == [b"a"]
    writer.append(Stream.STDOUT, b"b")
    assert [data for _, data in reader.chunks()] == [b"b"]
    reader.close()
    writer.close()


def test_half_a_record_at_the_end_of_the_index_is_not_read(tmp_path: Path) -> None:
    writer = LogWriter(str(tmp_path))
    writer.append(Stream.STDOUT, b"whole")
    os.write(writer.index, b"\0" * (RECORD_SIZE - 1))
    reader = reader_of(tmp_path)
    assert [data for _, data in reader.chunks()] == [b"whole"]
    assert reader.count() == 1
    reader.close()
    writer.close()


def test_a_writer_that_comes_back_appends(tmp_path: Path) -> None:
    first = LogWriter(str(tmp_path))
    first.append(Stream.STDOUT, b"before ")
    first.close()
    second = LogWriter(str(tmp_path))
    second.append(Stream.STDOUT, b"after")
    assert second.records == 2
    reader = reader_of(tmp_path)
    assert b"".join(data for _, data in reader.chunks()) == b"before after"
    reader.close()
    second.close()


def test_seeking_a_time_finds_the_first_piece_not_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(range(100, 200, 10))
    monkeypatch.setattr("engine.supervise.log.time.time_ns", lambda: next(times))
    writer = LogWriter(str(tmp_path))
    for number in range(10):
        writer.append(Stream.STDOUT, b"%d" % number)
    reader = reader_of(tmp_path)
    for moment, expected in ((0, 0), (100, 0), (101, 1), (150, 5), (191, 10), (999, 10)):
        reader.seek_time(moment)
        assert reader.position == expected
    reader.close()
    writer.close()
