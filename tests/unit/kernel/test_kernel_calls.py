"""The wrappers: their errors, and the hook that stands before each."""

import errno
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine.kernel
from engine.kernel import const, files, syscalls

WRAPPED = (
    "os.mkdir(",
    "os.mknod(",
    "os.symlink(",
    "os.open(",
    "os.read(",
    "os.write(",
    "os.setsid(",
    "os.fork(",
    "os.fchown(",
    "os.chown(",
    "os.chdir(",
    "os.dup2(",
    "os.execve(",
    "os.readlink(",
    "os.fstat(",
    "_libc.",
    "raw(",
)


@pytest.fixture
def calls() -> Iterator[list[str]]:
    """The names of the kernel calls that are announced."""
    seen: list[str] = []
    syscalls.hook = seen.append
    yield seen
    syscalls.hook = None


def test_an_error_carries_the_number_the_call_and_the_target() -> None:
    with pytest.raises(OSError, match="umount2: ") as caught:
        syscalls.umount("/nonesuch")
    assert caught.value.filename == "/nonesuch"
    assert caught.value.errno in (errno.ENOENT, errno.EPERM)


def test_openat2_does_not_leave_its_root(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("inside")
    (tmp_path / "up").symlink_to("../../../../etc/passwd")
    folder = os.open(tmp_path, os.O_PATH)
    fd = syscalls.openat2(folder, "up", os.O_RDONLY, const.RESOLVE_IN_ROOT)
    try:
        assert files.read_all(fd) == "inside"
    finally:
        os.close(fd)
        os.close(folder)


def test_every_call_is_announced_before_it_is_made(calls: list[str], tmp_path: Path) -> None:
    files.make_directory(str(tmp_path / "x"), 0o755)
    files.make_link("x", str(tmp_path / "y"))
    os.close(files.open_path(str(tmp_path)))
    syscalls.capget()
    assert calls == ["mkdirat", "symlinkat", "openat", "capget"]


def test_a_hook_can_make_a_call_fail_before_it_does_anything(tmp_path: Path) -> None:
    def fail(call: str) -> None:
        raise OSError(errno.EIO, call)

    syscalls.hook = fail
    try:
        with pytest.raises(OSError, match="mkdirat"):
            files.make_directory(str(tmp_path / "x"), 0o755)
    finally:
        syscalls.hook = None
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("module", ["files", "syscalls"])
def test_no_wrapper_forgets_to_announce_itself(module: str) -> None:
    """Each function of the source that calls the kernel calls `entering` too, or goes through `raw`, which does."""
    source = Path(engine.kernel.__path__[0], f"{module}.py").read_text()
    functions = re.split(r"\n(?=def |@contextmanager)", source)[1:]
    silent = [
        text.partition("(")[0]
        for text in functions
        if any(call in text for call in WRAPPED) and "entering(" not in text and "raw(" not in text
    ]
    assert silent == []


def test_a_number_of_a_call_that_this_machine_does_not_have_is_enosys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(const.NUMBERS, "capget")
    with pytest.raises(OSError, match="capget") as caught:
        syscalls.capget()
    assert caught.value.errno == errno.ENOSYS


def test_both_machines_have_a_number_for_the_same_calls() -> None:
    assert const._X86_64.keys() == const._AARCH64.keys()


def test_the_signal_mask_is_given_back(calls: list[str]) -> None:
    before = syscalls.set_signal_mask(1 << 9)
    assert syscalls.set_signal_mask(before) == 1 << 9
    assert calls == ["rt_sigprocmask"] * 2


def test_a_value_is_written_in_one_piece_and_read_again(tmp_path: Path) -> None:
    path = str(tmp_path / "value")
    Path(path).write_text("old value")
    files.write(path, "new")
    assert files.read(path) == "new value"


def test_reading_stops_at_a_bound() -> None:
    fd = os.open("/dev/zero", os.O_RDONLY)
    try:
        assert len(files.read_all(fd)) == files.READ_LIMIT
    finally:
        os.close(fd)
