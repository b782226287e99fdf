"""Where a program is looked for, and what is said when it cannot be executed."""

import errno
import os
from pathlib import Path

import pytest

from engine import errors
from engine.sandbox import explain, messages
from engine.sandbox.messages import Kind
from engine.sandbox.program import candidates, failure, find


def test_a_name_is_looked_for_in_each_directory_in_turn() -> None:
    assert candidates("sh", "/a:/b") == ["/a/sh", "/b/sh"]


def test_an_empty_entry_is_the_working_directory() -> None:
    assert candidates("sh", ":/b") == ["./sh", "/b/sh"]


def test_a_path_is_not_looked_for() -> None:
    assert candidates("./sh", "/a:/b") == ["./sh"]


def test_a_file_that_may_not_be_executed_is_said_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("")
    with pytest.raises(errors.ProgramNotExecutable, match="permission denied"):
        find(["tool"], {"PATH": f"/nonesuch:{tmp_path}"})


def test_a_program_that_is_nowhere_is_not_found() -> None:
    with pytest.raises(errors.ProgramNotFound, match=r"not found in \$PATH"):
        find(["nonesuch"], {"PATH": "/nonesuch"})


def test_no_name_at_all_is_not_found() -> None:
    with pytest.raises(errors.ProgramNotFound):
        find([""], {})


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOENT, 127), (errno.EACCES, 126), (errno.ENOEXEC, 126), (errno.EISDIR, 126), (errno.ENOMEM, 125)],
)
def test_an_errno_has_dockers_exit_code(number: int, code: int) -> None:
    assert failure("x", OSError(number, os.strerror(number))).exit_code == code


def test_a_message_comes_back_as_it_was_sent() -> None:
    message = messages.decode(messages.encode(Kind.GO, size=[1, 2]))
    assert message == messages.Message(Kind.GO, {"size": [1, 2]})


def test_an_error_crosses_the_channel_with_its_kind() -> None:
    sent = errors.MissingFeature("no", hint="do", errno=38)
    received = messages.error_of(messages.decode(messages.encode(Kind.ERROR, **sent.to_json())))
    assert (type(received), received.message, received.hint, received.errno) == (errors.MissingFeature, "no", "do", 38)


@pytest.mark.parametrize("packet", [b"", b"{", b"[]", b"{}", b'{"type":"nonesuch"}', b"\xff"])
def test_a_packet_that_makes_no_sense_is_a_value_error(packet: bytes) -> None:
    with pytest.raises(ValueError):
        messages.decode(packet)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EPERM, errors.MissingFeature),
        (errno.ENODEV, errors.MissingFeature),
        (errno.ENOSYS, errors.MissingFeature),
        (errno.EIO, errors.SetupFailed),
    ],
)
def test_a_failed_step_is_said_in_words_with_its_number(number: int, kind: type[errors.EngineError]) -> None:
    found = explain.step("mount proc on /proc", OSError(number, f"mount: {os.strerror(number)}", "/proc/self/fd/9"))
    assert type(found) is kind
    assert found.message == f"cannot mount proc on /proc: mount: {os.strerror(number).lower()}".replace("i/o", "i/O")
    assert found.errno == number


def test_too_many_namespaces_name_the_parameter() -> None:
    found = explain.namespace("network", OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert "user.max_net_namespaces" in found.hint
