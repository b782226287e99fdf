"""Which pieces a sparse file has, as the file system of the tests' folder tells it."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.archive import holes

KIB = 1024


@pytest.fixture(autouse=True)
def _needs_holes(tmp_path: Path) -> None:
    if _pieces(tmp_path / "probe", [], 1 << 20) != ():
        pytest.skip("needs a file system that tells of holes")


def _pieces(path: Path, written: Sequence[tuple[int, int]], size: int) -> tuple[tuple[int, int], ...] | None:
    with open(path, "wb") as file:
        for offset, length in written:
            file.seek(offset)
            file.write(b"x" * length)
        file.truncate(size)
    fd = os.open(path, os.O_RDONLY)
    try:
        return holes.pieces(fd, os.fstat(fd))
    finally:
        os.close(fd)


@pytest.mark.parametrize(
    ("written", "size", "expected"),
    [
        ([], 1024 * KIB, ()),
        ([], 63 * KIB, None),
        ([(0, 1024 * KIB)], 1024 * KIB, None),
        ([(512 * KIB, 4 * KIB)], 1024 * KIB, ((512 * KIB, 4 * KIB),)),
        ([(0, 4 * KIB), (512 * KIB, 4 * KIB)], 516 * KIB, ((0, 4 * KIB), (512 * KIB, 4 * KIB))),
        ([(0, 4 * KIB), (36 * KIB, 4 * KIB)], 512 * KIB, ((0, 40 * KIB),)),
        ([(32 * KIB, 4 * KIB)], 512 * KIB, ((0, 36 * KIB),)),
        ([(0, 4 * KIB), (448 * KIB, 4 * KIB)], 512 * KIB, ((0, 4 * KIB), (448 * KIB, 64 * KIB))),
        ([(32 * KIB, 4 * KIB)], 64 * KIB, None),
    ],
)
def test_holes_of_64_kib_and_more_are_told(
    tmp_path: Path,
    written: list[tuple[int, int]],
    size: int,
    expected: tuple[tuple[int, int], ...] | None,
) -> None:
    assert _pieces(tmp_path / "file", written, size) == expected


def test_a_file_of_many_holes_is_told_by_the_largest_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holes, "PIECES_MAX", 4)
    size = 16 << 20
    written = [(at, 4 * KIB) for at in range(0, 8 << 20, 128 * KIB)]
    found = _pieces(tmp_path / "file", written, size)
    assert found == ((0, written[-1][0] + 4 * KIB),)


def test_what_was_reserved_and_not_written_is_a_hole(tmp_path: Path) -> None:
    with open(tmp_path / "file", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 1 << 20)
        assert os.fstat(file.fileno()).st_blocks > 0
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    try:
        assert holes.pieces(fd, os.fstat(fd)) == ()
    finally:
        os.close(fd)
