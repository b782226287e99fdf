"""SECURITY.md promises tests by name: they must be there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NAMED = re.compile(r"`(test_\w+\.py)(?:::(test_\w+))?`")


def test_every_test_that_the_page_names_is_there() -> None:
    files = {path.name: path for path in (ROOT / "tests").rglob("test_*.py")}
    named = NAMED.findall((ROOT / "SECURITY.md").read_text())
    assert len(named) > 20
    missing = [file for file, _function in named if file not in files]
    missing += [name for file, name in named if name and f"def {name}(" not in files[file].read_text()]
    assert missing == []
