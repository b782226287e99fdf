"""A program that cannot be run, said in the kind of error, the exit code, the sentence and the hint."""

import os
from pathlib import Path

import pytest
from support.box import Box, Outcome

from engine import errors
from engine.kernel.proc import parse_status

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces")]


def error_of(outcome: Outcome) -> errors.EngineError:
    assert outcome.error is not None
    assert outcome.code == outcome.error.exit_code
    assert outcome.out == outcome.err == ""
    assert outcome.error.hint
    return outcome.error


@pytest.mark.parametrize("init", [False, True])
def test_a_missing_program_is_127(box: Box, init: bool) -> None:
    outcome = box.run("nonesuch", init=init)
    assert outcome.code == 127
    assert error_of(outcome).message == 'exec: "nonesuch": executable file not found in $PATH'


def test_a_missing_path_is_127(box: Box) -> None:
    outcome = box.run("/bin/nonesuch")
    assert outcome.code == 127
    assert error_of(outcome).message == 'exec: "/bin/nonesuch": no such file or directory'


@pytest.mark.parametrize("init", [False, True])
def test_a_file_that_is_not_executable_is_126(box: Box, own_root: str, init: bool) -> None:
    Path(own_root, "bin/data").write_text("#!/bin/sh\n")
    outcome = box.run("data", init=init)
    assert outcome.code == 126
    assert error_of(outcome).message == 'exec: "data": permission denied'


def test_a_directory_is_126(box: Box) -> None:
    assert box.run("/etc").code == 126


def test_a_file_without_a_format_is_126(box: Box, own_root: str) -> None:
    Path(own_root, "bin/script").write_text("echo hello\n")
    os.chmod(f"{own_root}/bin/script", 0o755)
    outcome = box.run("script")
    assert outcome.code == 126
    assert error_of(outcome).message == 'exec: "script": exec format error'


def test_a_missing_interpreter_is_named_as_such(box: Box, own_root: str) -> None:
    Path(own_root, "bin/script").write_text("#!/opt/nonesuch\n")
    os.chmod(f"{own_root}/bin/script", 0o755)
    outcome = box.run("script")
    assert outcome.code == 127
    assert "interpreter" in error_of(outcome).hint


def test_a_program_is_looked_for_on_the_path_of_the_container(box: Box, own_root: str) -> None:
    os.rename(f"{own_root}/bin/true", f"{own_root}/opt/only-here")
    assert box.run("only-here").code == 127
    assert box.run("only-here", env=("PATH=/bin:/opt",)).code == 0


def test_an_unknown_user_is_an_error_of_the_engine(box: Box) -> None:
    outcome = box.run("true", user="nobody-here")
    assert outcome.code == 125
    assert "'nobody-here'" in error_of(outcome).message


def ids_of(box: Box, user: str) -> list[str]:
    status = parse_status(box.run("cat", "/proc/self/status", user=user).out)
    return [status[key].split()[0] for key in ("Uid", "Gid")]


def test_a_passwd_file_that_would_block_or_never_end_is_passed_over(box: Box, own_root: str) -> None:
    os.unlink(f"{own_root}/etc/passwd")
    os.mkfifo(f"{own_root}/etc/passwd")
    assert ids_of(box, "12") == ["12", "0"]
    os.unlink(f"{own_root}/etc/passwd")
    os.symlink("/dev/zero", f"{own_root}/etc/passwd")
    assert ids_of(box, "12") == ["12", "0"]


def test_what_is_no_spec_is_refused_before_anything_is_made(box: Box) -> None:
    box.change = lambda made: made.pop("process")
    with pytest.raises(errors.InvalidInput, match="no OCI runtime-spec"):
        box.start("true")


def test_a_root_that_is_not_there_is_an_error_in_words(box: Box) -> None:
    box.root = {"kind": "directory", "path": "/nonesuch/root"}
    assert "/nonesuch/root" in error_of(box.run("true")).message


def test_a_cgroup_that_is_not_there_is_an_error_in_words(box: Box) -> None:
    box.join = ("/sys/fs/cgroup/nonesuch/tasks",)
    assert "join the cgroup /sys/fs/cgroup/nonesuch" in error_of(box.run("true")).message
