"""Filters round a container's program: each action, and Docker's default policy against the calls that it closes."""

import errno
import os
import signal
import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest
from support.box import Box, Outcome
from support.call_probe import DATA, write_probe

from engine.kernel import const, syscalls
from engine.kernel.proc import parse_status
from engine.sandbox import seccomp, seccomp_profile

pytestmark = [
    pytest.mark.root,
    pytest.mark.requires("namespaces"),
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="the probes are programs for x86_64"),
]

SIGSYS = 128 + signal.SIGSYS
AF_INET, AF_ALG, AF_VSOCK = 2, 38, 40
CLONE_NEWUSER = 0x1000_0000
Probe = Callable[..., int]


def filtered(box: Box, section: dict[str, Any] | None = None, *, gains: bool = False) -> Box:
    """The box under a policy, Docker's default where none is given; `gains` without no_new_privs."""

    def change(spec: dict[str, Any]) -> None:
        bounding = spec["process"]["capabilities"]["bounding"]
        spec["linux"]["seccomp"] = section or seccomp_profile.default(bounding)
        spec["process"]["noNewPrivileges"] = not gains

    box.change = change
    return box


def calling(box: Box, own_root: str) -> Callable[..., Outcome]:
    """Run a program that makes one call: its code is the errno, or the result's low byte."""

    def call(number: int, *arguments: int, data: bytes = b"", wide: bool = True, **options: Any) -> Outcome:
        write_probe(f"{own_root}/bin/probe", number, *arguments, data=data, wide=wide)
        return box.run("/bin/probe", **options)

    return call


@pytest.fixture
def probe(box: Box, own_root: str) -> Probe:
    """The code of one call under the default policy."""
    call = calling(filtered(box), own_root)
    return lambda *numbers, **options: call(*numbers, **options).code


@pytest.fixture
def narrow(probe: Probe) -> Probe:
    """The same for a call of 32 bits."""
    if probe(20, wide=False) == 128 + signal.SIGSEGV:
        pytest.skip("needs a kernel that takes calls of 32 bits")
    return lambda *numbers, **options: probe(*numbers, wide=False, **options)


def on_mkdir(action: str, **more: Any) -> dict[str, Any]:
    return {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": action, **more}]}


@pytest.mark.parametrize("gains", [False, True])
@pytest.mark.parametrize(
    ("action", "more", "code"),
    [
        ("SCMP_ACT_ALLOW", {}, 0),
        ("SCMP_ACT_LOG", {}, 0),
        ("SCMP_ACT_ERRNO", {}, errno.EPERM),
        ("SCMP_ACT_ERRNO", {"errnoRet": errno.ENETDOWN}, errno.ENETDOWN),
        ("SCMP_ACT_TRACE", {}, errno.ENOSYS),
        ("SCMP_ACT_TRAP", {}, SIGSYS),
        ("SCMP_ACT_KILL", {}, SIGSYS),
        ("SCMP_ACT_KILL_THREAD", {}, SIGSYS),
        ("SCMP_ACT_KILL_PROCESS", {}, SIGSYS),
    ],
)
def test_a_call_ends_as_its_action_says(
    box: Box, own_root: str, action: str, more: dict[str, Any], code: int, gains: bool
) -> None:
    call = calling(filtered(box, on_mkdir(action, **more), gains=gains), own_root)
    outcome = call(83, DATA, 0o700, data=b"/tmp/made\0", ulimits=())
    assert (outcome.code, outcome.error) == (code, None)


@pytest.mark.parametrize("gains", [False, True])
@pytest.mark.parametrize("user", ["", "bob"])
def test_a_filter_leaves_no_capability_that_loading_it_took(box: Box, user: str, gains: bool) -> None:
    outcome = filtered(box, gains=gains).run("cat", "/proc/self/status", user=user)
    status = parse_status(outcome.out)
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", str(int(not gains)))
    for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert not int(status[name], 16) >> 21 & 1, name


def test_a_filter_that_refuses_what_comes_after_it_says_so(box: Box) -> None:
    policy = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["execve"], "action": "SCMP_ACT_ERRNO"}]}
    outcome = filtered(box, policy).run("true")
    assert outcome.error is not None
    assert "operation not permitted" in outcome.error.message


def test_nobody_listens_for_a_container_of_the_engine(box: Box) -> None:
    policy = on_mkdir("SCMP_ACT_NOTIFY") | {"listenerPath": "/run/agent.sock"}
    outcome = filtered(box, policy).run("true")
    assert outcome.error is not None
    assert "SCMP_ACT_NOTIFY" in outcome.error.message


def test_a_shell_works_under_the_default_policy(box: Box) -> None:
    assert filtered(box).run("echo $(ls /bin | cat) | cat; (sleep 0; id) && mkfifo /tmp/a; touch /tmp/b").code == 0


@pytest.mark.parametrize(
    ("what", "numbers", "code"),
    [
        ("unshare of a user namespace", (272, CLONE_NEWUSER), errno.EPERM),
        ("clone with a user namespace", (56, CLONE_NEWUSER | signal.SIGCHLD), errno.EPERM),
        ("clone3", (435, 0, 0), errno.ENOSYS),
        ("mount", (165, 0, 0, 0, 0, 0), errno.EPERM),
        ("fsopen", (430, 0, 0), errno.EPERM),
        ("keyctl", (250, 0, -3 & 0xFFFF_FFFF, 0), errno.EPERM),
        ("add_key", (248, 0, 0, 0, 0, 0), errno.EPERM),
        ("bpf", (321, 0, 0, 0), errno.EPERM),
        ("perf_event_open", (298, 0, 0, 0, 0, 0), errno.EPERM),
        ("open_by_handle_at", (304, 0, 0, 0), errno.EPERM),
        ("io_uring_setup", (425, 1, 0), errno.EPERM),
        ("userfaultfd", (323, 0), errno.EPERM),
        ("kexec_load", (246, 0, 0, 0, 0), errno.EPERM),
        ("AF_ALG", (41, AF_ALG, 5, 0), errno.EPERM),
        ("AF_VSOCK", (41, AF_VSOCK, 1, 0), errno.EPERM),
        ("ADDR_NO_RANDOMIZE", (135, 0x40000), errno.EPERM),
        ("a call of the future", (4000,), errno.ENOSYS),
        ("x32 AF_ALG", (1 << 30 | 41, AF_ALG, 5, 0), errno.EPERM),
        ("x32 unshare", (1 << 30 | 272, CLONE_NEWUSER), errno.EPERM),
    ],
)
def test_the_default_policy_closes(probe: Probe, what: str, numbers: tuple[int, ...], code: int) -> None:
    assert probe(*numbers) == code, what


@pytest.mark.parametrize(
    ("what", "numbers"),
    [("a socket", (41, AF_INET, 1, 0)), ("AF_UNIX", (41, 1, 1, 0)), ("PER_LINUX32", (135, 8)), ("getpid", (39,))],
)
def test_the_default_policy_leaves_open(probe: Probe, what: str, numbers: tuple[int, ...]) -> None:
    assert probe(*numbers) < 10, what


@pytest.mark.parametrize(
    ("what", "numbers", "code"),
    [
        ("unshare", (310, CLONE_NEWUSER), errno.EPERM),
        ("clone", (120, CLONE_NEWUSER | signal.SIGCHLD, 0), errno.EPERM),
        ("clone3", (435, 0, 0), errno.ENOSYS),
        ("keyctl", (288, 0, 0, 0), errno.EPERM),
        ("AF_ALG", (359, AF_ALG, 5, 0), errno.EPERM),
        ("AF_VSOCK", (359, AF_VSOCK, 1, 0), errno.EPERM),
        ("socketcall", (102, 1, DATA), errno.ENOSYS),
    ],
)
def test_calls_of_32_bits_are_no_way_round(narrow: Probe, what: str, numbers: tuple[int, ...], code: int) -> None:
    assert narrow(*numbers, data=struct.pack("III", AF_ALG, 5, 0)) == code, what


def test_a_capability_opens_its_calls(probe: Probe) -> None:
    mount = (165, 0, 0, 0, 0, 0)
    assert probe(*mount) == errno.EPERM
    assert probe(*mount, cap_add=("SYS_ADMIN",)) == errno.EFAULT
    assert probe(272, 0, cap_add=("SYS_ADMIN",)) == 0


def test_what_is_caught_can_be_answered_by_another_process(tmp_path: Any) -> None:
    ours, theirs = socket.socketpair()
    made = seccomp.compile(on_mkdir("SCMP_ACT_NOTIFY") | {"listenerPath": "/agent"})
    pid = os.fork()
    if pid == 0:
        _caught(theirs, made, str(tmp_path / "new"))
    _, fds, _, _ = socket.recv_fds(ours, 1, 1)
    notice = bytearray(80)
    syscalls_ioctl(fds[0], 0xC050_2100, notice)
    identity, caller = struct.unpack_from("QI", notice)
    syscalls_ioctl(fds[0], 0xC018_2101, bytearray(struct.pack("QqiI", identity, 0, -errno.ENOMEDIUM, 0)))
    assert caller == pid
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == errno.ENOMEDIUM
    for fd in (*fds, ours.detach(), theirs.detach()):
        os.close(fd)


def syscalls_ioctl(fd: int, request: int, buffer: bytearray) -> None:
    """SECCOMP_IOCTL_NOTIF_RECV and _SEND. Source: seccomp_unotify(2)."""
    import fcntl

    fcntl.ioctl(fd, request, buffer)


def _caught(channel: socket.socket, made: seccomp.Filter, path: str) -> None:
    code = 0
    try:
        syscalls.prctl(const.PR_SET_NO_NEW_PRIVS, 1)
        listener = seccomp.load(made)
        assert listener is not None
        socket.send_fds(channel, [b"."], [listener])
        os.mkdir(path)
    except OSError as err:
        code = err.errno or 0
    finally:
        os._exit(code)
