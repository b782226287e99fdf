"""A seccomp filter that asks somebody, round a container that is created first and started later."""

import contextlib
import errno
import fcntl
import os
import select
import signal
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.box import Box
from support.call_probe import DATA, write_probe

from engine.model import CreateOptions
from engine.sandbox import drive, init, starter
from engine.sandbox.drive import Created

pytestmark = [
    pytest.mark.root,
    pytest.mark.requires("namespaces"),
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="the probes are programs for x86_64"),
]

RECEIVE, SEND = 0xC050_2100, 0xC018_2101
"""SECCOMP_IOCTL_NOTIF_*. Source: seccomp_unotify(2)."""
CONTINUE = 1
MKDIR = 83


class Agent:
    """Lets every call pass but mkdir(2), for which there is no medium."""

    def __init__(self, listener: int) -> None:
        self.calls: list[int] = []
        self._listener = listener
        self._thread = threading.Thread(target=self._answer)
        self._thread.start()

    def _answer(self) -> None:
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        while poll.poll(20_000)[0][1] & select.POLLIN:
            notice = bytearray(80)
            with contextlib.suppress(FileNotFoundError):
                fcntl.ioctl(self._listener, RECEIVE, notice)
                identity, _pid, _flags, call = struct.unpack_from("QIIi", notice)
                self.calls.append(call)
                answer = (-errno.ENOMEDIUM, 0) if call == MKDIR else (0, CONTINUE)
                fcntl.ioctl(self._listener, SEND, bytearray(struct.pack("QqiI", identity, 0, *answer)))

    def join(self) -> None:
        self._thread.join(20)
        os.close(self._listener)


@contextlib.contextmanager
def created(box: Box, folder: Path, names: list[str], *, gains: bool) -> Iterator[Created]:
    """A container under a filter that asks about these calls, waiting for its start."""

    def change(spec: dict[str, Any]) -> None:
        spec["process"]["noNewPrivileges"] = not gains
        spec["linux"]["seccomp"] = {
            "defaultAction": "SCMP_ACT_ALLOW",
            "listenerPath": "/agent.sock",
            "syscalls": [{"names": names, "action": "SCMP_ACT_NOTIFY"}],
        }

    box.change = change
    fifos = starter.make(str(folder))
    order = box.order(CreateOptions(image="handmade", command=("/bin/probe",)))._replace(fifos=fifos)
    try:
        child = init.create(order, (0, 1, 2))
    finally:
        for fd in fifos:
            os.close(fd)
    made = drive.drive(child, size=None, hooks=lambda: None, waits=True)
    try:
        yield made
    finally:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(made.pidfd, signal.SIGKILL)
        os.close(made.pidfd)


@pytest.mark.parametrize("gains", [False, True])
@pytest.mark.parametrize("names", [["mkdir"], ["mkdir", "execve", "openat", "open", "read", "close"]])
def test_a_call_is_answered_by_who_listens(
    box: Box, own_root: str, tmp_path: Path, names: list[str], gains: bool
) -> None:
    write_probe(f"{own_root}/bin/probe", MKDIR, DATA, 0o700, data=b"/tmp/made\0")
    (tmp_path / "container").mkdir()
    with created(box, tmp_path / "container", names, gains=gains) as made:
        assert made.listener is not None
        agent = Agent(made.listener)
        starter.start(str(tmp_path / "container"), made.pidfd)
        assert os.waitstatus_to_exitcode(os.waitpid(made.pid, 0)[1]) == errno.ENOMEDIUM
        agent.join()
    assert agent.calls[-1] == MKDIR
