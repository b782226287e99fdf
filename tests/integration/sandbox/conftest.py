"""A handmade root, and boxes that run containers from it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.box import Box
from support.handmade import make_root


@pytest.fixture(scope="session")
def handmade(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A root directory that tests only read; see `box` and `layered`."""
    return make_root(str(tmp_path_factory.mktemp("handmade")))


@pytest.fixture
def rootfs(tmp_path: Path) -> str:
    """An empty directory to mount on."""
    (tmp_path / "rootfs").mkdir()
    return str(tmp_path / "rootfs")


@pytest.fixture
def own_root(handmade: str, tmp_path: Path) -> Iterator[str]:
    """A copy of the handmade root that a test may spoil."""
    folder = str(tmp_path / "root")
    shutil.copytree(handmade, folder, symlinks=True)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def box(own_root: str, rootfs: str) -> Box:
    """Containers whose root is a directory."""
    return Box({"kind": "directory", "path": own_root, "make_sources": True}, rootfs)


@pytest.fixture
def layered(handmade: str, rootfs: str, tmp_path: Path) -> Box:
    """Containers whose root is an overlay over the handmade one; `upper` and `work` lie in the test's folder."""
    for name in ("upper", "work"):
        os.mkdir(tmp_path / name)
    root = {"kind": "overlay", "lower": [handmade], "upper": str(tmp_path / "upper"), "work": str(tmp_path / "work")}
    root["make_sources"] = True
    return Box(root, rootfs)
