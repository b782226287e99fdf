"""Exit codes and words of the command line."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.runtime import dispatch
from engine.runtime.main import SPEC_VERSION, VERBS
from engine.sandbox import armour

ROOT = Path(__file__).parents[3]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _unprotected(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would execute the tests anew."""
    monkeypatch.setattr(armour, "protect", lambda _name: None)


def said(capsys: Capture, *words: str) -> tuple[int, str, str]:
    code = dispatch.run(list(words), VERBS)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_an_unknown_verb_is_told(capsys: Capture) -> None:
    for words in (["fly"], ["help", "fly"], ["fly", "--help"]):
        code, out, err = said(capsys, *words)
        assert (code, out) == (3, "")
        assert "No help topic for 'fly'" in err


def test_the_version_may_follow_other_options(capsys: Capture) -> None:
    code, out, _ = said(capsys, "--root", "/nowhere", "--version")
    assert (code, out.splitlines()[1]) == (0, f"spec: {SPEC_VERSION}")


@pytest.mark.parametrize("words", [["--colour", "list"], ["list", "--colour"], ["exec", "--colour"]])
def test_an_unknown_flag_is_told(words: list[str], capsys: Capture) -> None:
    code, _, err = said(capsys, *words)
    assert code == 1
    assert "flag provided but not defined: -colour" in err


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--systemd-cgroup", "list"], "--systemd-cgroup is not supported"),
        (["--cgroup-manager", "systemd", "list"], "cgroup manager 'systemd' is not supported"),
        (["--rootless", "perhaps", "list"], "invalid value 'perhaps' for --rootless"),
        (["--log-format", "xml", "list"], "invalid log-format"),
        (["--log", "/nowhere/log", "list"], "/nowhere/log"),
    ],
)
def test_a_global_option_that_cannot_be_had_is_refused(words: list[str], wanted: str, capsys: Capture) -> None:
    code, _, err = said(capsys, *words)
    assert code == 1
    assert wanted in err.replace("\\", "")


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_a_help(verb: str, capsys: Capture) -> None:
    code, out, err = said(capsys, verb, "--help")
    assert (code, err) == (0, "")
    assert f"qd-runtime {verb} - " in out
    for option in importlib.import_module(f"engine.runtime.verbs.{VERBS[verb]}").OPTIONS:
        assert f"--{option.name}" in out


@pytest.mark.parametrize("words", [[], ["--help"], ["help"], ["-h"]])
def test_the_overview_names_every_verb(words: list[str], capsys: Capture) -> None:
    code, out, _ = said(capsys, *words)
    assert code == 0
    assert [line.strip() for line in out.partition("COMMANDS:\n")[2].partition("\n\n")[0].splitlines()] == sorted(VERBS)


@pytest.mark.parametrize(
    "verb", ["state", "start", "delete", "kill", "create", "run", "pause", "resume", "events", "exec"]
)
def test_a_verb_without_an_id_is_refused_in_runcs_words(verb: str, capsys: Capture, tmp_path: Path) -> None:
    code, _, err = said(capsys, "--root", str(tmp_path), verb)
    assert code == 1
    assert "argument(s)" in err
    assert "unable to start" not in err


@pytest.mark.parametrize(("verb", "code"), [("state", 1), ("kill", 1), ("start", 1), ("exec", 255)])
def test_a_container_that_is_not_there_is_told(verb: str, code: int, capsys: Capture, tmp_path: Path) -> None:
    words = [verb, "nobody"] if verb != "exec" else [verb, "nobody", "true"]
    found, out, err = said(capsys, "--root", str(tmp_path), *words)
    assert (found, out) == (code, "")
    assert "container does not exist: nobody" in err


def test_a_failure_of_create_is_worded_as_scripts_look_for_it(capsys: Capture, tmp_path: Path) -> None:
    code, _, err = said(capsys, "--root", f"{tmp_path}/root", "create", "--bundle", str(tmp_path), "box")
    assert code == 1
    assert "create failed: unable to start container process: JSON specification file" in err


def test_an_error_goes_into_the_log_as_json(capsys: Capture, tmp_path: Path) -> None:
    log = tmp_path / "log"
    said(capsys, "--root", str(tmp_path), "--log", str(log), "--log-format", "json", "state", "nobody")
    entry = json.loads(log.read_text().splitlines()[-1])
    assert (entry["level"], entry["msg"]) == ("error", "container does not exist: nobody")


def test_a_list_of_nothing_is_a_header_nothing_or_null(capsys: Capture, tmp_path: Path) -> None:
    root = ("--root", str(tmp_path))
    assert said(capsys, *root, "list")[1].split() == ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]
    assert said(capsys, *root, "list", "-q")[:2] == (0, "")
    assert said(capsys, *root, "list", "--format", "json")[:2] == (0, "null\n")


def loaded(*words: str) -> tuple[str, set[str]]:
    """What a command prints, and the modules that it has loaded; in an interpreter as the installed script's."""
    code = (
        f"import sys, os; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['qd-runtime', *{words!r}]\n"
        "leave = os._exit\n"
        "os._exit = lambda code: (sys.stderr.write(' '.join(sys.modules)), sys.stderr.flush(), leave(code))\n"
        "from engine.runtime.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)
    return done.stdout, set(done.stderr.split())


HEAVY = {
    "argparse",
    "subprocess",
    "msgspec",
    "asyncio",
    "pathlib",
    "logging",
    "dataclasses",
    "tempfile",
    "site",
    "typing",
}


def test_the_version_needs_nothing_but_its_own_text() -> None:
    out, modules = loaded("--version")
    assert out.endswith(f"spec: {SPEC_VERSION}\n")
    assert not modules & (HEAVY | {"json", "re", "enum", "engine.runtime.dispatch"})


@pytest.mark.parametrize("words", [("list", "-q"), ("state", "nobody")])
def test_a_short_verb_loads_little(words: tuple[str, ...], tmp_path: Path) -> None:
    _, modules = loaded("--root", str(tmp_path), *words)
    assert "engine.runtime.store" in modules
    assert not modules & (HEAVY - {"typing"} | {"engine.sandbox.init", "engine.sandbox.rootfs", "ctypes.util"})
