"""Libraries are found where the loader would find them, and never by running anything."""

from pathlib import Path

import pytest
from support.elf_files import AARCH64, elf_file

from engine.image.builtin.libraries import Libraries, configured_folders, parse_configuration


def _write(path: Path, data: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)


def test_a_library_is_found_in_the_folders_of_the_system(tmp_path: Path) -> None:
    library = _write(tmp_path / "lib/libx.so.1", elf_file())
    program = _write(tmp_path / "bin/p", elf_file(needed=("libx.so.1",)))
    assert Libraries([str(tmp_path / "lib")]).closure([program]) == [library]


def test_libraries_of_libraries_are_found_too_and_circles_end(tmp_path: Path) -> None:
    _write(tmp_path / "a.so", elf_file(needed=("b.so",)))
    _write(tmp_path / "b.so", elf_file(needed=("a.so", "b.so")))
    program = _write(tmp_path / "p", elf_file(needed=("a.so",)))
    assert Libraries([str(tmp_path)]).closure([program]) == [f"{tmp_path}/a.so", f"{tmp_path}/b.so"]


def test_the_loader_of_a_program_belongs_to_it(tmp_path: Path) -> None:
    loader = _write(tmp_path / "ld.so", elf_file())
    program = _write(tmp_path / "p", elf_file(interpreter=loader))
    assert Libraries([]).closure([program]) == [loader]


def test_a_run_path_comes_before_the_folders_of_the_system(tmp_path: Path) -> None:
    _write(tmp_path / "lib/libx.so", elf_file())
    own = _write(tmp_path / "app/lib/libx.so", elf_file())
    program = _write(tmp_path / "app/bin/p", elf_file(needed=("libx.so",), runpath="$ORIGIN/../lib"))
    assert Libraries([str(tmp_path / "lib")]).closure([program]) == [own]


def test_a_run_path_makes_the_older_rpath_void(tmp_path: Path) -> None:
    _write(tmp_path / "old/libx.so", elf_file())
    new = _write(tmp_path / "new/libx.so", elf_file())
    data = elf_file(needed=("libx.so",), rpath=f"{tmp_path}/old", runpath=f"{tmp_path}/new")
    assert Libraries([]).closure([_write(tmp_path / "p", data)]) == [new]


def test_a_library_of_another_machine_is_passed_over(tmp_path: Path) -> None:
    _write(tmp_path / "foreign/libx.so", elf_file(machine=AARCH64))
    right = _write(tmp_path / "own/libx.so", elf_file())
    program = _write(tmp_path / "p", elf_file(needed=("libx.so",)))
    assert Libraries([f"{tmp_path}/foreign", f"{tmp_path}/own"]).closure([program]) == [right]


def test_a_relative_run_path_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path / "libx.so", elf_file())
    program = _write(tmp_path / "p", elf_file(needed=("libx.so", "../libx.so"), runpath="lib:."))
    monkeypatch.chdir(tmp_path)
    assert Libraries([]).closure([program]) == []


def test_a_damaged_library_is_passed_over(tmp_path: Path) -> None:
    _write(tmp_path / "a/libx.so", elf_file(needed=("y",))[:70])
    _write(tmp_path / "b/libx.so", b"\x7fELF")
    right = _write(tmp_path / "c/libx.so", elf_file())
    program = _write(tmp_path / "p", elf_file(needed=("libx.so",)))
    assert Libraries([f"{tmp_path}/a", f"{tmp_path}/b", f"{tmp_path}/c"]).closure([program]) == [right]


def test_a_missing_library_is_left_out(tmp_path: Path) -> None:
    assert Libraries([]).closure([_write(tmp_path / "p", elf_file(needed=("libx.so",)))]) == []


def test_the_configuration_of_the_loader_is_read_with_its_includes(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "included").mkdir()
    _write(tmp_path / "conf.d/a.conf", f"# a comment\n{tmp_path}/included # why\n{tmp_path}/missing\n".encode())
    main = _write(tmp_path / "ld.so.conf", f"include conf.d/*.conf\n{tmp_path}/own\n".encode())
    found = configured_folders(main)
    assert f"{tmp_path}/own" in found
    assert f"{tmp_path}/included" in found
    assert f"{tmp_path}/missing" not in found


def test_a_configuration_takes_absolute_folders_only() -> None:
    assert parse_configuration("/a\nb\n../c\ninclude x y\nhwcap 1 z\n") == (["/a"], ["x", "y"])
