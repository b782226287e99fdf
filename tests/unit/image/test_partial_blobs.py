"""A blob that is fetched in several tries, by several writers, and never kept where it is wrong."""

import errno
import multiprocessing
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import InvalidInput
from engine.image.store import partial
from engine.image.store.blobs import Blobs, sha256

CONTENT = os.urandom(300_000)
DIGEST = sha256(CONTENT)


class Interrupted(Exception):
    """What ends a try in these tests."""


def never() -> None:
    raise AssertionError("nobody else has it")


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """A store's blobs, with nothing there."""
    return Blobs(str(tmp_path))


def rubbish(blobs: Blobs) -> list[str]:
    return os.listdir(blobs.partials)


def fetch(blobs: Blobs, *pieces: bytes, size: int = len(CONTENT), busy: Callable[[], None] = never) -> None:
    with partial.opened(blobs, DIGEST, size, busy) as blob:
        assert blob is not None
        for piece in pieces:
            blob.write(piece)


def cut_after(blobs: Blobs, data: bytes) -> None:
    with pytest.raises(Interrupted), partial.opened(blobs, DIGEST, len(CONTENT), never) as blob:
        assert blob is not None
        blob.write(data)
        raise Interrupted


def test_what_is_right_becomes_a_blob_and_leaves_nothing_beside(blobs: Blobs) -> None:
    fetch(blobs, CONTENT[:1000], CONTENT[1000:])
    assert blobs.read(DIGEST) == CONTENT
    assert rubbish(blobs) == []


def test_an_empty_blob_is_a_blob(blobs: Blobs) -> None:
    with partial.opened(blobs, sha256(b""), 0, never) as blob:
        assert blob is not None
        assert blob.is_right
    assert blobs.read(sha256(b"")) == b""


def test_a_blob_that_is_there_is_not_written_again(blobs: Blobs) -> None:
    blobs.add(CONTENT)
    with partial.opened(blobs, DIGEST, len(CONTENT), never) as blob:
        assert blob is None
    assert rubbish(blobs) == []


def test_a_blob_of_another_size_than_it_should_have_is_written_anew(blobs: Blobs) -> None:
    os.makedirs(blobs.folder)
    Path(blobs.path(DIGEST)).write_bytes(CONTENT[:-1])
    fetch(blobs, CONTENT)
    assert blobs.read(DIGEST) == CONTENT


def test_a_second_try_goes_on_where_the_first_was_cut(blobs: Blobs) -> None:
    cut_after(blobs, CONTENT[:12_345])
    with partial.opened(blobs, DIGEST, len(CONTENT), never) as blob:
        assert blob is not None
        assert blob.offset == 12_345
        blob.write(CONTENT[12_345:])
    assert blobs.read(DIGEST) == CONTENT


def test_a_try_that_got_nothing_leaves_nothing(blobs: Blobs) -> None:
    cut_after(blobs, b"")
    assert rubbish(blobs) == []


def test_an_end_before_all_is_there_is_an_error_that_leaves_the_beginning(blobs: Blobs) -> None:
    with pytest.raises(InvalidInput, match="ended at 1000 of 300000 bytes"):
        fetch(blobs, CONTENT[:1000])
    assert os.path.getsize(f"{blobs.partials}/{DIGEST[7:]}") == 1000
    assert blobs.size(DIGEST) is None


def test_where_the_disk_is_full_nothing_stays_that_takes_room(blobs: Blobs) -> None:
    with pytest.raises(OSError, match="No space"), partial.opened(blobs, DIGEST, len(CONTENT), never) as blob:
        assert blob is not None
        blob.write(CONTENT[:1000])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert rubbish(blobs) == []


@pytest.mark.parametrize("wrong", [CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]), CONTENT + b"x"], ids=["changed", "longer"])
def test_what_is_wrong_is_refused_and_not_kept(blobs: Blobs, wrong: bytes) -> None:
    with pytest.raises(InvalidInput):
        fetch(blobs, wrong[:70_000], wrong[70_000:])
    assert rubbish(blobs) == []
    assert blobs.size(DIGEST) is None


def test_a_wrong_beginning_that_somebody_left_can_be_thrown_away(blobs: Blobs) -> None:
    cut_after(blobs, bytes(5000))
    with partial.opened(blobs, DIGEST, len(CONTENT), never) as blob:
        assert blob is not None
        blob.write(CONTENT[5000:])
        assert not blob.is_right
        blob.restart()
        blob.write(CONTENT)
    assert blobs.read(DIGEST) == CONTENT


def test_more_than_the_blob_has_left_by_an_earlier_try_is_forgotten(blobs: Blobs) -> None:
    os.makedirs(blobs.partials)
    Path(blobs.partials, DIGEST[7:]).write_bytes(CONTENT + CONTENT)
    fetch(blobs, CONTENT)
    assert blobs.read(DIGEST) == CONTENT


def test_a_link_in_the_place_of_a_partial_blob_is_not_followed(blobs: Blobs, tmp_path: Path) -> None:
    os.makedirs(blobs.partials)
    (tmp_path / "canary").write_bytes(b"alive")
    os.symlink(tmp_path / "canary", f"{blobs.partials}/{DIGEST[7:]}")
    with pytest.raises(OSError, match="symbolic links"):
        fetch(blobs, CONTENT)
    assert (tmp_path / "canary").read_bytes() == b"alive"


def test_a_second_writer_waits_for_the_first_and_finds_the_blob(blobs: Blobs) -> None:
    taken, go_on, found = threading.Event(), threading.Event(), []

    def first() -> None:
        with partial.opened(blobs, DIGEST, len(CONTENT), never) as blob:
            assert blob is not None
            taken.set()
            assert go_on.wait(20)
            blob.write(CONTENT)

    def second() -> None:
        with partial.opened(blobs, DIGEST, len(CONTENT), go_on.set) as blob:
            found.append(blob)

    one = threading.Thread(target=first)
    one.start()
    assert taken.wait(20)
    two = threading.Thread(target=second)
    two.start()
    one.join(20)
    two.join(20)
    assert found == [None]
    assert rubbish(blobs) == []


def test_a_writer_that_no_longer_waits_leaves_no_descriptor(blobs: Blobs) -> None:
    def give_up() -> None:
        raise Interrupted

    with partial.opened(blobs, DIGEST, len(CONTENT), never) as blob:
        assert blob is not None
        before = len(os.listdir("/proc/self/fd"))
        with pytest.raises(Interrupted):
            fetch(blobs, CONTENT, busy=give_up)
        assert len(os.listdir("/proc/self/fd")) == before
        blob.write(CONTENT)


def _die_half_way(folder: str) -> None:
    with partial.opened(Blobs(folder), DIGEST, len(CONTENT), never) as blob:
        assert blob is not None
        blob.write(CONTENT[:100_000])
        os.kill(os.getpid(), 9)


def test_a_process_that_is_killed_leaves_what_it_has_and_no_lock(blobs: Blobs, tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=_die_half_way, args=(str(tmp_path),))
    process.start()
    process.join(20)
    assert process.exitcode == -9
    with partial.opened(blobs, DIGEST, len(CONTENT), never) as blob:
        assert blob is not None
        assert blob.offset == 100_000
        blob.write(CONTENT[100_000:])
    assert blobs.read(DIGEST) == CONTENT
