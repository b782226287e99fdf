"""Folders beside those of this run's engines, and the tools of others."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.leaks import PREFIX
from support.other_tools import Tools
from support.requirements import requires


@pytest.fixture(scope="module")
def tools() -> Iterator[Tools]:
    """umoci, over a folder of its own."""
    requires("root", "umoci")
    tools = Tools()
    yield tools
    tools.close()


@pytest.fixture
def place(tools: Tools) -> Iterator[Path]:
    """An empty folder with a short name, since overlay takes one page of options."""
    with tempfile.TemporaryDirectory(dir=f"{PREFIX}d") as folder:
        yield Path(folder)
