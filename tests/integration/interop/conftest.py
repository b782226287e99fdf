"""Stores of a test's own, and the tools of others."""

import tempfile
from collections.abc import Iterator

import pytest
from support.leaks import PREFIX
from support.other_tools import Tools

from engine.image.store.images import Store


@pytest.fixture
def store(tools: Tools) -> Iterator[Store]:
    """An empty store."""
    with tempfile.TemporaryDirectory(dir=f"{PREFIX}d") as folder:
        yield Store(f"{folder}/image", f"{folder}/layers")


@pytest.fixture
def other(tools: Tools) -> Iterator[Store]:
    """Another one: a second machine."""
    with tempfile.TemporaryDirectory(dir=f"{PREFIX}d") as folder:
        yield Store(f"{folder}/image", f"{folder}/layers")
