"""What the rooms of the dashboard may import, and how much a start of it imports."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tui

FOLDER = Path(tui.__file__).parent
DRAWING = sorted([*FOLDER.glob("widgets/*.py"), *FOLDER.glob("screens/*.py")])
PURE = [
    FOLDER / f"{name}.py"
    for name in (
        "ansi sgr braille figures wrapping columns cells glyphs graphs lines listing past rows sheets why actions"
    ).split()
]


def imported(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", DRAWING, ids=lambda path: path.name)
def test_what_draws_knows_of_the_engine_its_values_alone(path):
    engine = {name for name in imported(path) if name.split(".")[0] == "engine"}
    assert engine <= {"engine.model"}
    assert not any(name.startswith("tui.bridge") for name in imported(path))


@pytest.mark.parametrize("path", PURE, ids=lambda path: path.name)
def test_what_decides_knows_no_terminal(path):
    assert not {name.split(".")[0] for name in imported(path)} & {"textual", "rich", "threading", "asyncio"}


def test_no_colour_is_named_outside_the_themes():
    for path in [*FOLDER.rglob("*.py"), FOLDER / "app.tcss"]:
        assert not re.findall(r"#(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b", path.read_text()), path


def test_the_dashboard_starts_without_netlink_and_without_the_engine_itself():
    code = "import sys, tui.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert "textual.app" in modules
    for unwanted in ("pyroute2", "engine.sandbox", "engine.image", "engine.cgroup", "engine.client", "hypothesis"):
        assert unwanted not in modules
