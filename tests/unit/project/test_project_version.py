"""One version, wherever it is asked for."""

import tomllib
from pathlib import Path

from engine.version import VERSION

ROOT = Path(__file__).resolve().parents[3]


def test_the_engine_s_version_is_that_of_the_package() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION
