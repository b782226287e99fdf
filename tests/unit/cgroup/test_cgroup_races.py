"""Another engine removes the shared parent while a cgroup is being made below it."""

import errno
import os
from pathlib import Path

import pytest

from engine.cgroup.kernfs import Kernfs


class Leaving(Kernfs):
    """The first `mkdir` meets a parent that is on its way out."""

    def __init__(self, number: int, times: int = 1) -> None:
        self._number = number
        self._left = times

    def mkdir(self, path: str) -> None:
        if self._left:
            self._left -= 1
            raise OSError(self._number, os.strerror(self._number), path)
        super().mkdir(path)


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENODEV])
def test_a_parent_that_goes_is_made_again(tmp_path: Path, number: int) -> None:
    prepared: list[int] = []
    Leaving(number).make(str(tmp_path / "name"), lambda: prepared.append(1))
    assert (tmp_path / "name").is_dir()
    assert len(prepared) == 2


def test_another_error_is_not_tried_again(tmp_path: Path) -> None:
    prepared: list[int] = []
    with pytest.raises(PermissionError):
        Leaving(errno.EPERM).make(str(tmp_path / "name"), lambda: prepared.append(1))
    assert len(prepared) == 1


def test_a_parent_that_always_goes_is_an_error_in_the_end(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such device"):
        Leaving(errno.ENODEV, times=10_000).make(str(tmp_path / "name"), lambda: None)
