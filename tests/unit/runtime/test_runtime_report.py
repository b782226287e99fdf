"""Messages for people and for the programs that drive a runtime."""

import json
import re
from pathlib import Path

import pytest

from engine.runtime.report import Log, printable


def test_text_is_what_logrus_writes(capsys: pytest.CaptureFixture[str]) -> None:
    Log().error('no "x"\nhere')
    line = capsys.readouterr().err
    assert re.fullmatch(r'time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ" level=error msg="no \\"x\\"\\nhere"\n', line)


def test_json_is_one_object_a_line(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "log"), "json")
    log.warn("first\nline")
    log.error("second")
    entries = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [(entry["level"], entry["msg"]) for entry in entries] == [("warning", "first\nline"), ("error", "second")]
    assert list(entries[0]) == ["level", "msg", "time"]


def test_an_error_in_a_file_is_said_to_the_person_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Log(str(tmp_path / "log")).error("gone wrong")
    assert capsys.readouterr().err == "gone wrong\n"


def test_a_warning_in_a_file_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Log(str(tmp_path / "log")).warn("look out")
    assert capsys.readouterr().err == ""


def test_escape_sequences_of_a_container_reach_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Log(str(tmp_path / "log")).error("\x1b[31mred\x9b\r\ttab")
    Log().error("\x1b[31mred\x9b\u202e")
    assert not set(capsys.readouterr().err) & {"\x1b", "\x9b", "\r", "\u202e"}


def test_lines_and_tabs_are_left_in_what_is_printed() -> None:
    assert printable("a\n\tb\x07") == "a\n\tb?"


def test_debug_is_silent_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    Log().debug("x")
    assert capsys.readouterr().err == ""
    Log(debug=True).debug("x")
    assert 'level=debug msg="x"' in capsys.readouterr().err


def test_a_path_that_cannot_be_written_fails_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Log(f"{tmp_path}/nowhere/log").check()


def test_a_path_may_be_named_as_a_url(tmp_path: Path) -> None:
    Log(f"file:{tmp_path}/log").warn("x")
    assert "x" in (tmp_path / "log").read_text()
