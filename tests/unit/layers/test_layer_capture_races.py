"""A container that goes on writing while its changes are captured: what is read is bounded, and nothing else is."""

import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.layer_archive import Taken, fill

from engine.archive.writer import Writer
from engine.errors import Conflict
from engine.layers.capture import capture
from engine.layers.flat import write_flat

MIB = 1 << 20


@pytest.fixture
def lower(tmp_path: Path) -> Path:
    return fill(tmp_path / "lower", ("etc/hosts",))


@pytest.fixture
def upper(tmp_path: Path) -> Path:
    return fill(tmp_path / "upper", ("a", "b/c", "b/d", "e/f"))


class Meddling:
    """Does something once, when the first file has been read."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._acts = [act]
        self.seen: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.seen.append((done, total))
        while self._acts:
            self._acts.pop()()


def _take(upper: Path, lower: Path, progress: Callable[[int, int], None]) -> Taken:
    output = io.BytesIO()
    writer = Writer(output)
    capture(str(upper), [str(lower)], writer, complete=False, progress=progress)
    writer.close()
    return Taken(output.getvalue())


def test_progress_counts_the_bytes_that_were_announced(upper: Path, lower: Path) -> None:
    (upper / "big").write_bytes(b"x" * (3 * MIB))
    meddling = Meddling(lambda: None)
    _take(upper, lower, meddling)
    total = 3 * MIB + len("ab/cb/de/f")
    assert meddling.seen[-1] == (total, total)
    assert [done for done, _ in meddling.seen] == sorted(done for done, _ in meddling.seen)
    assert len(meddling.seen) > 5


def test_what_vanishes_is_left_out(upper: Path, lower: Path) -> None:
    def vanish() -> None:
        (upper / "b/d").unlink()
        shutil.rmtree(upper / "e")

    assert _take(upper, lower, Meddling(vanish)).paths == ["a", "b", "b/c"]


def test_a_file_that_shrinks_is_filled_up_with_zeros(upper: Path, lower: Path) -> None:
    (upper / "b/c").write_bytes(b"x" * (3 * MIB))

    def shrink(done: int, _total: int) -> None:
        if done > MIB:
            os.truncate(upper / "b/c", MIB + 5)

    taken = _take(upper, lower, shrink)
    assert taken.paths == ["a", "b", "b/c", "b/d", "e", "e/f"]
    content = taken.content("b/c")
    assert len(content) == 3 * MIB
    assert content[-10:] == bytes(10)
    assert taken.content("b/d") == b"b/d"


def test_a_file_that_grows_is_taken_as_it_was_announced(upper: Path, lower: Path) -> None:
    (upper / "b/c").write_bytes(b"x" * (3 * MIB))

    def grow(_done: int, _total: int) -> None:
        with open(upper / "b/c", "ab") as file:
            file.write(b"y" * 100)

    taken = _take(upper, lower, grow)
    assert 3 * MIB <= taken["b/c"].size < 3 * MIB + 1000
    assert taken.content("e/f") == b"e/f"


def test_a_link_planted_meanwhile_leads_nowhere(upper: Path, lower: Path, tmp_path: Path) -> None:
    outside = fill(tmp_path / "outside", ("c", "d", "secret"))
    for name in ("c", "d", "secret"):
        (outside / name).write_text("of the host's own")

    def plant() -> None:
        shutil.rmtree(upper / "b")
        (upper / "b").symlink_to(outside)
        (upper / "e/f").unlink()
        (upper / "e/f").symlink_to(outside / "secret")

    taken = _take(upper, lower, Meddling(plant))
    assert taken.paths == ["a", "b", "e", "e/f"]
    assert taken["b"].issym()
    assert taken["e/f"].issym()
    assert b"of the host's own" not in taken.data


def test_a_fifo_put_in_place_of_a_file_holds_nobody_up(upper: Path, lower: Path) -> None:
    def replace() -> None:
        (upper / "b/c").unlink()
        os.mkfifo(upper / "b/c")

    taken = _take(upper, lower, Meddling(replace))
    assert taken["b/c"].isfifo()


@pytest.mark.parametrize("flat", [False, True])
def test_a_directory_moved_meanwhile_is_a_conflict(upper: Path, lower: Path, tmp_path: Path, flat: bool) -> None:
    def move(done: int, _total: int) -> None:
        if done >= len("ab/c") and (upper / "b").exists():
            os.rename(upper / "b", upper / "e/b")

    with pytest.raises(Conflict, match="moved a directory") as failure:
        if flat:
            write_flat([str(upper), str(lower)], Writer(io.BytesIO()), move)
        else:
            _take(upper, lower, move)
    assert "qd pause" in failure.value.hint


def test_no_descriptor_stays_open_after_a_failure(upper: Path, lower: Path) -> None:
    class Full(io.BytesIO):
        def write(self, _data: object, /) -> int:
            raise OSError(28, "No space left on device")

    (upper / "big").write_bytes(b"x" * (3 * MIB))
    before = sorted(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="No space left"):
        capture(str(upper), [str(lower)], Writer(Full()), complete=False)
    with pytest.raises(FileNotFoundError):
        capture(str(upper), [str(lower), "/nowhere"], Writer(Full()), complete=False)
    assert sorted(os.listdir("/proc/self/fd")) == before
