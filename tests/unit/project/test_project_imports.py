"""What is imported when: names that belong to us, an engine that draws nothing, commands that stay light."""

import importlib.metadata
import subprocess
import sys

import pytest

OURS = ("engine", "tui", "themes")


def _modules_after(code: str) -> set[str]:
    """The names of sys.modules in a new process after this code."""
    script = f"import sys\n{code}\nprint(*sys.modules, sep='\\n', file=sys.stderr)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return set(result.stderr.split())


@pytest.mark.parametrize("name", OURS)
def test_no_dependency_ships_a_package_of_our_name(name: str) -> None:
    owners = importlib.metadata.packages_distributions().get(name, [])
    assert set(owners) <= {"quarterdeck"}


def test_the_client_of_the_engine_draws_nothing() -> None:
    modules = _modules_after("import engine.client")
    assert modules.isdisjoint({"textual", "rich"})


def test_the_supervisor_draws_nothing() -> None:
    modules = _modules_after("import engine.supervise.supervisor")
    assert modules.isdisjoint({"textual", "rich"})


@pytest.mark.parametrize("arguments", [["version"], ["--version"], ["--help"]])
def test_a_short_command_imports_nothing_heavy(arguments: list[str]) -> None:
    code = f"""
from engine.cli.main import main
sys.argv = ["qd", *{arguments!r}]
try:
    main()
except SystemExit:
    pass
"""
    modules = _modules_after(code)
    assert modules.isdisjoint({"asyncio", "textual", "rich", "pyroute2", "psutil", "ptyprocess"})


def test_the_keeper_has_the_standard_library_alone() -> None:
    """It runs with -I -S, where nothing else can be found; this says which import is to blame."""
    script = "import sys; sys.path.insert(0, sys.argv[1]); import engine.supervise.keeper; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, _checkout()], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    modules = set(result.stdout.split())
    assert modules.isdisjoint({"asyncio", "msgspec", "pyroute2", "engine.model", "engine.client"})


def _checkout() -> str:
    import engine

    return str(engine.__path__[0]).rpartition("/")[0]
