"""The dashboard's tests never read or write the configuration of whoever runs them."""

from collections.abc import Iterator

import pytest
from support.scene_engine import SceneEngine


@pytest.fixture(autouse=True)
def _configuration(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


@pytest.fixture
def scene_engine() -> Iterator[SceneEngine]:
    """An engine in memory with the demonstration's containers."""
    engine = SceneEngine()
    yield engine
    engine.end()
