"""What a short command imports, and how third-party packages come within reach after all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PRELUDE = f"import sys; sys.path.insert(0, {str(ROOT)!r}); "


def python(*flags: str, code: str) -> str:
    """The output of a fresh interpreter."""
    command = [sys.executable, *flags, "-c", PRELUDE + code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_run_and_exec_are_ready_without_anything_but_a_little_of_the_standard_library() -> None:
    code = (
        "import engine.cli.fast, engine.cli.main, engine.client, engine.cli.container.run, engine.cli.container.exec, "
        "engine.cli.terminal.console; print(' '.join(sys.modules))"
    )
    loaded = set(python("-I", "-S", code=code).split())
    heavy = {"msgspec", "engine.model", "subprocess", "asyncio", "pathlib", "inspect", "site", "textual", "pyroute2"}
    assert not loaded & heavy


def test_the_first_import_of_a_package_sets_site_up() -> None:
    code = (
        "from engine.cli.fast import LazySite; sys.meta_path.append(LazySite()); "
        "before = 'site' in sys.modules; import msgspec; print(before, 'site' in sys.modules, msgspec.__name__)"
    )
    assert python("-I", "-S", code=code).split() == ["False", "True", "msgspec"]


def test_a_missing_module_of_the_standard_library_sets_nothing_up() -> None:
    code = (
        "from engine.cli.fast import LazySite; sys.meta_path.append(LazySite())\n"
        "try:\n    import msvcrt\n"
        "except ImportError:\n    print('site' in sys.modules)"
    )
    assert python("-I", "-S", code=code).strip() == "False"


def test_a_module_that_is_nowhere_is_still_an_import_error() -> None:
    code = (
        "from engine.cli.fast import LazySite; sys.meta_path.append(LazySite())\n"
        "try:\n    import no_such_module_anywhere\n"
        "except ModuleNotFoundError as err:\n    print(err.name)"
    )
    assert python("-I", "-S", code=code).strip() == "no_such_module_anywhere"


@pytest.mark.parametrize("words", ["--help", "--version"])
def test_a_full_disk_behind_the_output_is_told_in_words(words: str) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    command = [sys.executable, "-I", "-S", "-c", PRELUDE + "from engine.cli.fast import main; main()", words]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 125
    assert done.stderr.startswith("qd: No space left on device")
    assert "Traceback" not in done.stderr
