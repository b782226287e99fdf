"""`qd cp` and `qd export`, as an operator types them, and which files of the host they mean."""

import os
from pathlib import Path

import pytest
from support.memory_engine import MemoryEngine

from engine.cli import main
from engine.cli.container.cp import Place, parse_place
from engine.client import local_files
from engine.client.local_files import Wanted
from engine.errors import EngineError, InvalidInput, NotFound


@pytest.fixture
def engine() -> MemoryEngine:
    return MemoryEngine()


def qd(engine: MemoryEngine, *arguments: str) -> int:
    return main.main(list(arguments), engine=engine)  # type: ignore[arg-type]  # the same methods


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web:/etc/motd", Place("web", "/etc/motd")),
        ("web:etc/motd", Place("web", "/etc/motd")),
        ("web:/a:b", Place("web", "/a:b")),
        ("web:/logs/", Place("web", "/logs/")),
        ("web:.", Place("web", "/.")),
        ("/srv/a:b", Place("", "/srv/a:b")),
        ("./a:b", Place("", "./a:b")),
        ("../a:b", Place("", "../a:b")),
        ("plain", Place("", "plain")),
        ("-", Place("", "-")),
    ],
)
def test_a_place_is_a_containers_unless_it_can_only_be_the_hosts(text: str, expected: Place) -> None:
    assert parse_place(text) == expected


@pytest.mark.parametrize(
    "words",
    [("web:/a", "db:/b"), ("a", "b"), (":/a", "b"), ("web:", "b"), ("", "web:/a"), ("web:/a\0b", "b"), ("-", "-")],
)
def test_what_is_no_copy_between_a_container_and_the_host_is_refused_with_a_hint(
    words: tuple[str, str], engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert qd(engine, "cp", *words) == 125
    assert "hint:" in capsys.readouterr().err
    assert engine.calls == []


def test_flags_reach_the_engine(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert qd(engine, "cp", "-aL", "web:/a", "b") == 0
    assert qd(engine, "cp", "b", "web:/a") == 0
    assert engine.calls == [("copy_out", "web", "/a", "b", True, True), ("copy_in", "web", "/a", "b", False, False)]
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_a_copy_is_forbidden_where_nothing_may_be_changed(engine: MemoryEngine) -> None:
    assert qd(engine, "--read-only", "cp", "b", "web:/a") == 125
    assert engine.calls == []


def test_an_archive_goes_to_standard_output_and_comes_from_standard_input(
    engine: MemoryEngine, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    (tmp_path / "in").write_bytes(b"some archive")
    before = os.dup(0)
    with (tmp_path / "in").open("rb") as file:
        os.dup2(file.fileno(), 0)
    try:
        assert qd(engine, "cp", "-", "web:/b") == 0
    finally:
        os.dup2(before, 0)
        os.close(before)
    assert qd(engine, "cp", "web:/a", "-") == 0
    assert engine.calls == [("write_archive", "web", "/b", b"some archive"), ("read_archive", "web", "/a", False)]
    assert capfdbinary.readouterr().out == b"an archive"


def test_an_export_makes_a_file_for_its_owner_alone(engine: MemoryEngine, tmp_path: Path) -> None:
    assert qd(engine, "export", "-o", str(tmp_path / "web.tar"), "web") == 0
    assert (tmp_path / "web.tar").read_bytes() == b"an archive"
    assert (tmp_path / "web.tar").stat().st_mode & 0o777 == 0o600


def test_an_export_that_fails_leaves_what_was_there(engine: MemoryEngine, tmp_path: Path) -> None:
    (tmp_path / "web.tar").write_text("of yesterday")
    engine.failures["export"] = NotFound("no such container", hint="qd ps")
    assert qd(engine, "export", "-o", str(tmp_path / "web.tar"), "web") == 125
    assert os.listdir(tmp_path) == ["web.tar"]
    assert (tmp_path / "web.tar").read_text() == "of yesterday"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        *(("/a/b", "b"), ("/a/b/", "b"), ("/a/b/.", ""), ("/", ""), ("/.", ""), ("/a/..", ""), ("/a/b/..", "a")),
        *((".", ""), ("..", ""), ("b", "b"), ("./b", "b"), ("", "")),
    ],
)
def test_what_a_source_is_called_where_it_goes(path: str, name: str) -> None:
    assert local_files.top_name(path) == name


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "dir").mkdir()
    (tmp_path / "file").write_text("old")
    (tmp_path / "to_dir").symlink_to("dir")
    (tmp_path / "to_file").symlink_to(tmp_path / "file")
    (tmp_path / "dangling").symlink_to(tmp_path / "dir" / "new")
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("dir", "/a/x", Wanted("dir", "x")),
        ("dir/", "/a/x/", Wanted("dir/", "x")),
        ("dir", "/a/x/.", Wanted("dir", "")),
        ("to_dir", "/a/x", Wanted("to_dir", "x")),
        ("file", "/a/x", Wanted(".", "file", "file")),
        ("new", "/a/x", Wanted(".", "new")),
        ("new", "/a/x/.", Wanted(".", "new")),
        ("new/", "/a/x", Wanted(".", "new", "directory")),
        ("dir/new", "/a/x", Wanted("dir", "new")),
        (".", "/a/x", Wanted(".", "x")),
    ],
)
def test_where_a_copy_goes(path: str, source: str, expected: Wanted, host: Path) -> None:
    assert local_files.target(path, source) == expected


def test_a_link_of_the_users_own_leads_a_copy_to_what_it_names(host: Path) -> None:
    assert local_files.target("to_file", "/x") == Wanted(str(host), "file", "file")
    assert local_files.target("dangling", "/x") == Wanted(str(host / "dir"), "new")


@pytest.mark.parametrize("path", ["none/new", "file/", "file/.", "fifo", "/dev/null", "file/x"])
def test_a_place_that_cannot_take_a_copy_is_refused_with_a_hint(path: str, host: Path) -> None:
    with pytest.raises((InvalidInput, NotFound)) as caught:
        local_files.target(path, "/x")
    assert caught.value.hint


def test_a_source_that_is_a_link_is_itself_what_is_copied_unless_it_is_followed(host: Path) -> None:
    assert not local_files.source("to_dir", follow=False).directory
    assert local_files.source("to_dir", follow=True).directory
    assert local_files.source("to_dir/", follow=False).directory
    assert local_files.source("to_dir/.", follow=False).name == ""


def test_a_source_that_is_not_there_is_told_without_escapes(host: Path) -> None:
    with pytest.raises(EngineError) as caught:
        local_files.source("a\x1b[2Jb", follow=False)
    assert "\x1b" not in caught.value.message


def test_a_source_that_ends_above_is_called_as_what_it_is(host: Path) -> None:
    assert local_files.source("dir/..", follow=False).name == host.name
