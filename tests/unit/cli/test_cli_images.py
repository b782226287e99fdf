"""The commands about images, as an operator types them."""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.memory_engine import MemoryEngine
from support.memory_images import ID

from engine import model
from engine.cli import main
from engine.errors import NotFound
from engine.model import Image

NAME = "registry.example/team/app:1"


@pytest.fixture
def engine() -> MemoryEngine:
    return MemoryEngine()


def qd(engine: MemoryEngine, *arguments: str) -> int:
    return main.main(list(arguments), engine=engine)  # type: ignore[arg-type]


def test_pull_says_what_it_did_and_prints_the_name(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.pulled = [{"id": ID, "name": NAME, "digest": ID, "status": "downloaded"}]
    assert qd(engine, "pull", "--platform", "linux/arm64", "--tls-verify=false", NAME) == 0
    assert engine.calls == [("pull", NAME, "linux/arm64", False, False, "")]
    said = capsys.readouterr()
    assert said.out == f"{NAME}\n"
    assert said.err == f"{NAME} was downloaded: {ID}\n"


def test_pull_goes_on_past_a_failure(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.failures["pull"] = NotFound("no such image", hint="spell it")
    assert qd(engine, "image", "pull", "-q", "a", "b") == 125
    assert [call[1] for call in engine.calls] == ["a", "b"]
    assert capsys.readouterr().err.count("no such image") == 2


def test_a_name_from_a_registry_reaches_the_terminal_without_its_escapes(
    engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.pulled = [{"id": ID, "name": "a\x1b]0;x\x07", "digest": ID, "status": "current"}]
    assert qd(engine, "pull", "a") == 0
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err and "\x07" not in said.out + said.err


def test_push_prints_the_digest(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert qd(engine, "push", "--compression", "zstd", "--compression-level", "7", "a", NAME) == 0
    assert engine.calls == [("push", "a", NAME, "zstd", 7, None)]
    assert capsys.readouterr().out == f"{ID}\n"


def test_commit_takes_dockers_flags(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["commit", "-a", "me", "-m", "why", "-c", "CMD sh", "-c", "ENV A=1", "--pause=false", "box", "new:1"]
    assert qd(engine, *words) == 0
    assert engine.calls == [("commit", "box", "new:1", "me", "why", ("CMD sh", "ENV A=1"), False, "", None)]
    assert capsys.readouterr().out == f"{ID}\n"


def test_an_archive_goes_to_a_file_that_is_whole_or_not_there(engine: MemoryEngine, tmp_path: Path) -> None:
    target = tmp_path / "a.tar"
    assert qd(engine, "save", "--format", "oci-archive", "-o", str(target), "a", "b") == 0
    assert engine.calls == [("save", ("a", "b"), "oci-archive", "", None)]
    assert target.read_bytes() == b"an archive"
    engine.failures["save"] = NotFound("no such image: c")
    assert qd(engine, "save", "-o", str(tmp_path / "c.tar"), "c") == 125
    assert os.listdir(tmp_path) == ["a.tar"]


def test_an_archive_is_not_written_to_a_terminal(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", Terminal())
        assert qd(engine, "save", "a") == 125
    assert "qd save a -o FILE" in capsys.readouterr().err
    assert engine.calls == []


def test_an_archive_is_loaded_from_a_file(
    engine: MemoryEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.tar").write_bytes(b"content")
    assert qd(engine, "load", "-i", str(tmp_path / "a.tar")) == 0
    assert engine.calls == [("load", b"content")]
    assert capsys.readouterr().out == f"Loaded image: localhost/a:latest\nLoaded image ID: {ID}\n"


def test_a_file_that_is_not_there_is_one_sentence(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert qd(engine, "load", "-i", "/nowhere/a.tar") == 125
    assert "/nowhere/a.tar: No such file or directory" in capsys.readouterr().err
    assert engine.calls == []


def test_import_takes_instructions_and_a_platform(engine: MemoryEngine, tmp_path: Path) -> None:
    (tmp_path / "root.tar").write_bytes(b"root")
    words = ["-c", "CMD sh", "-m", "why", "--platform", "linux/arm64", str(tmp_path / "root.tar"), "own:1"]
    assert qd(engine, "import", *words) == 0
    assert engine.calls == [("import_image", b"root", "own:1", "why", ("CMD sh",), "linux/arm64")]


def test_history_shortens_what_is_long_and_cleans_what_is_strange(
    engine: MemoryEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.steps = [
        {"id": ID, "created_ns": 1, "created_by": "x" * 60, "size_bytes": 1_000_000, "comment": "a\x1b[2Jb"},
        {"id": "", "created_ns": 0, "created_by": "base", "size_bytes": 0, "comment": ""},
    ]
    assert qd(engine, "history", "a") == 0
    header, first, second = capsys.readouterr().out.splitlines()
    assert header.split() == ["IMAGE", "CREATED", "CREATED", "BY", "SIZE", "COMMENT"]
    assert "x" * 44 + "\u2026" in first and "1MB" in first and "\x1b" not in first
    assert second.startswith("<missing>")


def test_history_as_json_is_whole(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.steps = [{"id": ID, "created_ns": 1, "created_by": "y" * 60, "size_bytes": 1, "comment": ""}]
    assert qd(engine, "history", "--no-trunc", "--format", "json", "a") == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["ID"], row["CreatedBy"]) == (ID, "y" * 60)


def test_prune_asks_a_person_and_nobody_else(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert qd(engine, "image", "prune") == 125
    assert engine.calls == []
    assert qd(engine, "image", "prune", "-a", "-f", "--filter", "until=1777630000") == 0
    assert engine.calls == [("prune_images", True, {"until": ["1777630000000000000"]})]
    assert capsys.readouterr().out == f"Deleted Images:\n{ID}\n\nTotal reclaimed space: 3MB\n"


def test_diff_compares_two_where_two_are_named(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.changed = [model.Change(kind="D", path="/etc/x")]
    assert qd(engine, "diff", "a", "b") == 0
    assert engine.calls == [("changes", "a", "b")]
    assert capsys.readouterr().out == "D /etc/x\n"


def _usage() -> dict[str, Any]:
    image = {"id": ID, "names": [NAME], "size_bytes": 300, "shared_bytes": 100, "unique_bytes": 200, "containers": 1}
    nameless = {**image, "names": [], "containers": 0}
    images = {"images": [image, nameless], "layers_bytes": 3000, "blobs_bytes": 1000, "partial_bytes": 0}
    return {
        "images": {**images, "rubbish_bytes": 0, "reclaimable_bytes": 1000},
        "containers": {"c" * 64: 5000},
        "volumes": {"data": 0},
    }


def test_disk_usage_counts_what_is_shared_once(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.usage = _usage()
    assert qd(engine, "system", "df") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"],
        ["Images", "2", "1", "4kB", "1kB", "(25%)"],
        ["Containers", "1", "0", "5kB", "5kB", "(100%)"],
        ["Local", "Volumes", "1", "0", "0B", "0B"],
    ]


def test_disk_usage_in_detail_names_every_image(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.usage = _usage()
    assert qd(engine, "system", "df", "-v") == 0
    out = capsys.readouterr().out
    assert "registry.example/team/app" in out and "<none>" in out
    assert "SHARED SIZE" in out and "CONTAINER ID" in out and "VOLUME NAME" in out


def test_run_hands_on_when_its_image_is_to_be_fetched(engine: MemoryEngine) -> None:
    asked: dict[str, Any] = {}

    def create(_options: Any, _progress: Any = None, **how: Any) -> str:
        asked.update(how)
        return "c" * 64

    engine.create = create  # type: ignore[method-assign]
    assert qd(engine, "create", "--pull", "always", "--platform", "linux/arm64", "a") == 0
    assert asked == {"pull": "always", "platform": "linux/arm64"}
    assert qd(engine, "create", "--pull", "sometimes", "a") == 125


def test_tag_gives_a_name(engine: MemoryEngine) -> None:
    assert qd(engine, "image", "tag", "a", "b:2") == 0
    assert engine.calls == [("tag", "a", "b:2")]


def image(name: str, *layers: str) -> Image:
    digest = "sha256:" + name.encode().hex().ljust(64, "0")
    return Image(id=digest, names=(name,), digest=digest, created_ns=1, size_bytes=10, layers=layers)


def test_the_tree_shows_what_was_made_of_what(engine: MemoryEngine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.local = [
        image("localhost/b:1", "x", "y"),
        image("localhost/a:1", "x"),
        image("localhost/c:1", "x", "y", "z"),
    ]
    assert qd(engine, "images", "--tree") == 0
    lines = capsys.readouterr().out.splitlines()
    depth = {
        name: next(line.index(f"localhost/{name}") for line in lines if f"localhost/{name}" in line) for name in "abc"
    }
    assert depth["a"] < depth["b"] < depth["c"]
