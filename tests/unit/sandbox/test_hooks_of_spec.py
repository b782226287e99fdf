"""Hooks: what a spec says of them, and what becomes of one that fails."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidInput, SetupFailed
from engine.sandbox import hooks

STATE = {"ociVersion": "1.2.1", "id": "box", "status": "creating", "bundle": "/b"}


def shell(script: str, kind: str = "createRuntime", **more: Any) -> hooks.Hooks:
    return hooks.parse({"hooks": {kind: [{"path": "/bin/sh", "args": ["sh", "-c", script], **more}]}})


def test_only_the_kinds_that_there_are_are_kept_in_order() -> None:
    found = hooks.parse({"hooks": {"poststop": [{"path": "/a"}, {"path": "/b"}], "prestart": []}})
    assert list(found) == ["poststop"]
    assert [hook.path for hook in found["poststop"]] == ["/a", "/b"]


def test_a_hook_without_arguments_has_its_path_as_its_name() -> None:
    (hook,) = hooks.parse({"hooks": {"prestart": [{"path": "/a", "timeout": 3, "env": ["A=b=c"]}]}})["prestart"]
    assert hook == hooks.Hook("/a", ["/a"], {"A": "b=c"}, 3)


def test_no_hooks_are_none() -> None:
    for spec in ({}, {"hooks": None}, {"hooks": {}}):
        assert hooks.parse(spec) == {}


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"path": ""},
        {"path": "relative"},
        {"path": "/a", "timeout": 0},
        {"path": "/a", "timeout": -1},
        {"path": "/a", "timeout": "1"},
        {"path": "/a", "args": "x"},
        {"path": "/a", "env": {}},
        {"path": "/a\0b"},
    ],
)
def test_a_broken_hook_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        hooks.parse({"hooks": {"createRuntime": [entry]}})


def test_a_hook_reads_the_state(tmp_path: Path) -> None:
    hooks.run(shell(f"cat > {tmp_path}/state"), ("createRuntime",), STATE)
    assert json.loads((tmp_path / "state").read_text()) == STATE


def test_a_hook_that_does_not_read_its_state_is_as_good(tmp_path: Path) -> None:
    hooks.run(shell("exec <&-; exit 0"), ("createRuntime",), STATE | {"annotations": {"a": "x" * (1 << 20)}})


def test_a_hook_has_its_own_environment_and_nothing_else(tmp_path: Path) -> None:
    hooks.run(shell(f"env > {tmp_path}/env", env=["ONLY=this"]), ("createRuntime",), STATE)
    assert "ONLY=this" in (tmp_path / "env").read_text().splitlines()
    assert "HOME=" not in (tmp_path / "env").read_text()


def test_a_hook_that_names_none_gets_the_environment_that_it_is_given(tmp_path: Path) -> None:
    hooks.run(shell(f"env > {tmp_path}/env"), ("createRuntime",), STATE, {"OF": "program"})
    assert "OF=program" in (tmp_path / "env").read_text().splitlines()


def test_what_a_hook_says_is_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match="error running createRuntime hook #0: exit status 3, stdout: , stderr: no"):
        hooks.run(shell("echo no; exit 3"), ("createRuntime",), STATE)


def test_a_hook_that_says_too_much_is_cut(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed) as caught:
        hooks.run(shell("head -c 1000000 /dev/zero | tr '\\0' x; exit 1"), ("createRuntime",), STATE)
    assert len(caught.value.message) < 4300


def test_a_hook_that_was_killed_is_told_by_its_signal() -> None:
    with pytest.raises(SetupFailed, match="signal: killed"):
        hooks.run(shell("kill -9 $$"), ("createRuntime",), STATE)


def test_a_hook_that_takes_too_long_is_ended() -> None:
    begin = time.monotonic()
    with pytest.raises(SetupFailed, match="longer than 1 seconds"):
        hooks.run(shell("exec sleep 60", timeout=1), ("createRuntime",), STATE)
    assert time.monotonic() - begin < 30


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(SetupFailed, match="cannot execute /nowhere"):
        hooks.run(hooks.parse({"hooks": {"prestart": [{"path": "/nowhere"}]}}), ("prestart",), STATE)


def test_the_first_that_fails_ends_it(tmp_path: Path) -> None:
    entries = [{"path": "/bin/false"}, {"path": "/bin/sh", "args": ["sh", "-c", f"touch {tmp_path}/second"]}]
    found = hooks.parse({"hooks": {"poststop": entries}})
    with pytest.raises(SetupFailed, match="poststop hook #0"):
        hooks.run(found, ("poststop",), STATE)
    assert not (tmp_path / "second").exists()


def test_after_the_end_all_are_run_and_each_failure_told(tmp_path: Path) -> None:
    entries = [{"path": "/bin/false"}, {"path": "/bin/sh", "args": ["sh", "-c", f"touch {tmp_path}/second"]}]
    failures = hooks.run_all(hooks.parse({"hooks": {"poststop": entries}}), "poststop", STATE)
    assert len(failures) == 1
    assert "hook #0" in failures[0]
    assert (tmp_path / "second").exists()
