"""Pictures do not move and do not depend on whose machine it is."""

import pytest


@pytest.fixture(autouse=True)
def _standing_still(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
