"""A bundle of a static busybox, and `qd-runtime` with states of its own. We reap what a detached container leaves."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support import busybox
from support.bundles import Runtime

from engine.kernel import const


@pytest.fixture(scope="session")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A root file system that the tests share."""
    folder = tmp_path_factory.mktemp("bundle") / "rootfs"
    folder.mkdir()
    return busybox.make_root(str(folder))


@pytest.fixture
def runtime(tmp_path: Path, rootfs: str) -> Iterator[Runtime]:
    """It is their parent's parent, and so the one who reaps them, as conmon or containerd's shim would."""
    libc = ctypes.CDLL(None)
    libc.prctl(const.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    made = Runtime(tmp_path, rootfs)
    yield made
    made.close()
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    libc.prctl(const.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
