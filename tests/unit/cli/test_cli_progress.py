"""How far a transfer has come, in words and in bars."""

import os
import pty
import re
import sys
import termios
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from engine.cli.progress import progress
from engine.cli.render.bars import Part, Rate, line
from engine.cli.render.drawing import part_of

DOWNLOADING = {"layer": "4f4fb700ef54", "step": "downloading", "done": 5_000_000, "total": 20_000_000}


def test_a_line_has_the_bytes_the_rate_and_the_time_that_is_left() -> None:
    part = Part("4f4fb700ef54", "downloading", 5_000_000, 20_000_000, 1_000_000.0)
    assert line(part, 100) == "4f4fb700ef54  downloading   [======>                 ]  5MB/20MB  1MB/s  16s"


def test_a_line_without_a_layer_counts_in_percent() -> None:
    assert line(Part("", "copying files", 1, 4), 80) == "copying files  [======>                 ]  25%"


def test_a_line_never_reaches_the_last_column() -> None:
    for width in range(1, 90):
        assert len(line(Part("4f4fb700ef54", "downloading", 1, 3, 5.0), width)) < max(width, 2)


@pytest.mark.parametrize(("seconds", "words"), [(5.0, "6s"), (100.0, "1m 41s"), (7500.0, "2h 5m")])
def test_the_time_that_is_left_is_short(seconds: float, words: str) -> None:
    part = Part("a", "x", 0, 1_000_000, 1_000_000 / seconds)
    assert line(part, 200).endswith(f"/s  {words}")


def test_a_rate_is_of_the_recent_past_and_begins_anew_after_a_restart() -> None:
    rate = Rate()
    assert rate.note(0.0, 0) == 0.0
    assert rate.note(1.0, 100) == 100.0
    assert rate.note(10.0, 100) == 0.0
    assert rate.note(11.0, 400) == 300.0
    assert rate.note(12.0, 50) == 0.0


def test_what_a_registry_says_reaches_no_terminal_as_it_is() -> None:
    part = part_of({"layer": "a\x1b[2J", "step": "\x07b", "done": "many", "total": None})
    assert part == Part("a [2J", " b", 0, 0)


def test_elsewhere_than_on_a_terminal_each_step_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    with progress() as show:
        assert show is not None
        for event in (DOWNLOADING, {**DOWNLOADING, "done": 6}, {**DOWNLOADING, "step": "done"}, {"step": "copying"}):
            show(event)
    assert capfd.readouterr().err == "4f4fb700ef54: downloading\n4f4fb700ef54: done\n"


def test_whoever_wants_quiet_has_it() -> None:
    with progress(quiet=True) as show:
        assert show is None


def test_on_a_terminal_the_bars_are_drawn_over_and_gone_at_the_end() -> None:
    drawn = _on_terminal([DOWNLOADING, {**DOWNLOADING, "layer": "0123456789ab"}], rows=24)
    assert "4f4fb700ef54  downloading" in drawn
    assert drawn.endswith("\x1b[J")


def test_more_layers_than_a_terminal_has_rows_stay_on_it() -> None:
    events = [{**DOWNLOADING, "layer": f"{number:012x}"} for number in range(100)]
    frames = re.split(r"\x1b\[\d*A?\r?", _on_terminal(events, rows=10))
    assert max(frame.count("\n") for frame in frames) <= 8


def _on_terminal(events: list[dict[str, Any]], *, rows: int) -> str:
    """What is drawn on a terminal of this height."""
    outer, inner = pty.openpty()
    termios.tcsetwinsize(inner, (rows, 80))
    before, stream = os.dup(2), sys.stderr
    reading = ThreadPoolExecutor(1).submit(_read_all, outer)  # a terminal holds 4 KiB that nobody reads, and no more
    os.dup2(inner, 2)
    try:
        with open(inner, "w", closefd=False) as sys.stderr, pytest.MonkeyPatch.context() as patch:
            patch.setattr("engine.cli.render.drawing._SECONDS_BETWEEN", 0.0)
            _show(events)
    finally:
        sys.stderr = stream
        os.dup2(before, 2)
        os.close(before)
        os.close(inner)
    return reading.result(10)


def _show(events: list[dict[str, Any]]) -> None:
    with progress() as show:
        assert show is not None
        for event in events:
            show(event)


def _read_all(outer: int) -> str:
    """Until the terminal's other end is closed, which reads as an error on Linux."""
    data = b""
    try:
        while piece := os.read(outer, 65536):
            data += piece
    except OSError:
        pass
    os.close(outer)
    return data.decode()
