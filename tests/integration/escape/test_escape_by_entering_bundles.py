"""What `qd-runtime` sends into a container: its program file must be of no use to who waits inside."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.bundle import RUNTIME, Bundle
from support.waiting import SLOW, until

pytestmark = [pytest.mark.root, pytest.mark.requires("busybox")]


@contextmanager
def _running(*command: str) -> Iterator[int]:
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def _refusal(pid: int) -> str | None:
    """Why the program file of a process cannot be changed, by way of its link as a container would.

    Its times are set to what they are: unlike opening it, that is not refused only because it is being executed.
    """
    path = f"/proc/{pid}/exe"
    found = os.stat(path)
    try:
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    except OSError as err:
        return errno.errorcode[err.errno or 0]
    return None


def test_the_runtimes_program_cannot_be_overwritten_when_it_comes_in(bundle: Bundle) -> None:
    """CVE-2019-5736: what enters is a clone of the command, with the command's program file."""
    state = ["--root", f"{bundle.folder}/states"]
    bundle.spec["process"]["args"] = ["sleep", "1000"]
    bundle.write()
    start = [RUNTIME, *state, "run", "-d", "--bundle", str(bundle.folder), "hostile"]
    subprocess.run(start, stdin=subprocess.DEVNULL, check=True, timeout=60 * SLOW)
    mark = bundle.rootfs / "tmp/inside"
    with _running(RUNTIME, *state, "exec", "hostile", "sh", "-c", "touch /tmp/inside; sleep 1000") as pid:
        until(mark.exists, "the program that enters")
        assert _refusal(pid) == "EROFS"
    bundle.runtime("delete", "--force", "hostile")


def test_a_program_without_such_care_could_be(tmp_path: Path) -> None:
    """The control."""
    with _running(shutil.copy(shutil.which("sleep") or "", tmp_path / "sleep"), "100") as pid:
        until(lambda: os.readlink(f"/proc/{pid}/exe") == str(tmp_path / "sleep"), "the copy")
        assert _refusal(pid) is None
