"""`process` of a spec, as the kernel shows it inside."""

import os
import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.box import Box, Outcome
from support.call_probe import write_probe

from engine import errors
from engine.kernel import const, syscalls
from engine.kernel.proc import parse_status
from engine.sandbox import capabilities, directory, finish, labels, security
from engine.sandbox.finish import Process
from engine.sandbox.users import User

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces")]

CLONE_NEWUSER = 0x1000_0000
Run = Callable[..., Outcome]


@pytest.fixture
def run(box: Box) -> Run:
    """Run a program with fields of `process` and of `linux` put in."""

    def run(*command: str, linux: dict[str, Any] | None = None, **process: Any) -> Outcome:
        def change(spec: dict[str, Any]) -> None:
            del spec["annotations"]["org.quarterdeck.user"]
            spec["process"].update(process)
            spec["linux"].update(linux or {})

        box.change = change
        return box.run(*command)

    return run


def in_a_child(work: Callable[[], None]) -> bool:
    """Whether the work ends well in a process of its own."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - the outermost loop of this process
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def wanted(**fields: Any) -> Process:
    return Process.of_spec({"args": ["true"], "cwd": "/", **fields}, {}, strict=True)


def test_ids_groups_and_umask_are_those_of_the_spec(run: Run) -> None:
    outcome = run("id -u; id -g; id -G; umask", user={"uid": 7, "gid": 8, "additionalGids": [9, 8], "umask": 0o27})
    assert outcome.out == "7\n8\n8 9\n0027\n"


def test_the_umask_is_022_unless_the_spec_has_one(run: Run) -> None:
    assert run("umask; true", user={}).out == "0022\n"


@pytest.mark.parametrize(
    ("env", "home"),
    [([], "/home/bob"), (["HOME="], "/home/bob"), (["HOME=/x", "HOME="], "/home/bob"), (["HOME=/x"], "/x")],
)
def test_a_home_that_is_empty_is_that_of_the_account(run: Run, env: list[str], home: str) -> None:
    outcome = run("env", user={"uid": 1000, "gid": 1000}, env=["PATH=/bin", *env])
    assert sorted(outcome.out.splitlines()) == [f"HOME={home}", "PATH=/bin"]


def test_somebody_whom_passwd_does_not_know_is_at_home_in_the_root(run: Run) -> None:
    assert run("echo $HOME", user={"uid": 4242}, env=["PATH=/bin"]).out == "/\n"


def test_all_five_sets_are_as_the_spec_has_them(run: Run) -> None:
    names = {
        "bounding": ["CAP_KILL", "CAP_CHOWN", "CAP_SETUID"],
        "permitted": ["CAP_KILL", "CAP_CHOWN"],
        "effective": ["CAP_KILL"],
        "inheritable": ["CAP_KILL", "CAP_CHOWN"],
        "ambient": ["CAP_KILL"],
    }
    status = parse_status(run("cat", "/proc/self/status", user={"uid": 1000}, capabilities=names).out)
    shown = {
        field: int(status[f"Cap{key}"], 16)
        for field, key in (("bounding", "Bnd"), ("permitted", "Prm"), ("inheritable", "Inh"), ("ambient", "Amb"))
    }
    assert shown["bounding"] == capabilities.mask(names["bounding"])
    assert shown["inheritable"] == capabilities.mask(names["inheritable"])
    assert shown["ambient"] == shown["permitted"] == capabilities.mask(["CAP_KILL"])


def test_unknown_capabilities_and_ambient_ones_that_cannot_be_are_told_and_left_out(run: Run) -> None:
    outcome = run(
        "cat", "/proc/self/status", capabilities={"bounding": ["CAP_UNKNOWN", "UNKNOWN_CAP"], "ambient": ["CAP_KILL"]}
    )
    assert outcome.warnings == [
        "ignoring unknown or unavailable capabilities: [CAP_UNKNOWN UNKNOWN_CAP]",
        "can't raise ambient capability CAP_KILL: operation not permitted",
    ]
    assert int(parse_status(outcome.out)["CapBnd"], 16) == 0


def test_sets_that_contradict_are_an_error(run: Run) -> None:
    error = run("true", capabilities={"bounding": [], "effective": ["CAP_KILL"], "permitted": []}).error
    assert isinstance(error, errors.SetupFailed)
    assert error.message == "unable to apply caps: operation not permitted"


def test_no_capabilities_at_all_in_the_spec_leave_root_what_it_has(run: Run) -> None:
    status = parse_status(run("cat", "/proc/self/status", capabilities=None).out)
    assert int(status["CapEff"], 16) == syscalls.capget()[1]


def test_the_scheduler_is_the_specs(run: Run) -> None:
    outcome = run("cat", "/proc/self/stat", scheduler={"policy": "SCHED_BATCH", "nice": 7})
    after_the_name = outcome.out.rpartition(")")[2].split()
    assert (after_the_name[16], after_the_name[38]) == ("7", "3")


def test_a_scheduler_takes_no_capability_along(run: Run) -> None:
    outcome = run("cat", "/proc/self/status", scheduler={"policy": "SCHED_FIFO", "priority": 1}, capabilities={})
    assert int(parse_status(outcome.out)["CapPrm"], 16) == 0


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the probe is a program for x86_64")
def test_the_io_priority_is_the_specs(run: Run, own_root: str) -> None:
    write_probe(f"{own_root}/bin/ioprio", 252, 1, 0)
    assert run("/bin/ioprio", ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 6}).code == 6


def test_the_personality_is_the_specs(run: Run) -> None:
    assert run("cat", "/proc/self/personality", linux={"personality": {"domain": "LINUX32"}}).out == "00000008\n"


@pytest.mark.skipif(not os.path.exists("/proc/self/numa_maps"), reason="needs a kernel with NUMA")
@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        ({"mode": "MPOL_INTERLEAVE", "nodes": "0"}, "interleave:0"),
        ({"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}, "bind=static:0"),
        ({"mode": "MPOL_DEFAULT"}, "default"),
        ({}, "default"),
    ],
)
def test_memory_comes_from_the_nodes_of_the_spec(run: Run, policy: dict[str, Any], shown: str) -> None:
    assert run("cat", "/proc/self/numa_maps", linux={"memoryPolicy": policy}).out.split()[1] == shown


def test_a_memory_policy_that_the_kernel_refuses_is_an_error(run: Run) -> None:
    error = run("true", linux={"memoryPolicy": {"mode": "MPOL_DEFAULT", "nodes": "0-7"}}).error
    assert error is not None
    assert error.message == "set_mempolicy: invalid argument"


def test_a_container_runs_on_every_cpu_whatever_its_parent_may(box: Box) -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        status = parse_status(box.run("cat", "/proc/self/status").out)
    finally:
        os.sched_setaffinity(0, before)
    assert status["Cpus_allowed_list"] != str(min(before)) or len(before) == 1


def test_one_that_enters_runs_on_the_cpus_of_the_spec() -> None:
    last = max(os.sched_getaffinity(0))

    def enter() -> None:
        finish.detach(wanted(execCPUAffinity={"final": str(last)}), entering=True)
        assert os.sched_getaffinity(0) == {last}

    assert in_a_child(enter)


def test_a_named_keyring_can_be_joined_again_and_an_anonymous_one_cannot() -> None:
    def join() -> None:
        finish.detach(wanted(), keys="_ses.quarterdeck-test")
        first = session_keyring()
        assert in_a_child(lambda: (finish.detach(wanted(), keys="_ses.quarterdeck-test"), same(first)))
        assert in_a_child(lambda: (finish.detach(wanted()), differ(first)))
        assert in_a_child(lambda: (finish.detach(wanted(), keys=None), same(first)))

    def same(first: int) -> None:
        assert session_keyring() == first

    def differ(first: int) -> None:
        assert session_keyring() != first

    assert in_a_child(join)


def session_keyring() -> int:
    """KEYCTL_GET_KEYRING_ID of KEY_SPEC_SESSION_KEYRING."""
    return syscalls.raw("keyctl", None, 0, -3, 0)


def test_a_score_that_cannot_be_lowered_is_an_error_where_it_must_be() -> None:
    if syscalls.capget()[0] & capabilities.mask(["CAP_SYS_RESOURCE"]):
        pytest.skip("needs an engine without CAP_SYS_RESOURCE")

    def lower() -> None:
        finish.detach(wanted(oomScoreAdj=-1000)._replace(strict=False), keys=None)
        with pytest.raises(errors.SetupFailed, match="oom_score_adj"):
            finish.security.set_oom_score(-1000, strict=True)

    assert in_a_child(lower)


def test_limits_and_priorities_can_be_given_from_outside() -> None:
    pid = os.fork()
    if pid == 0:
        signal.pause()
    try:
        finish.endow(wanted(oomScoreAdj=500, ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 1}), pid)
        with open(f"/proc/{pid}/oom_score_adj") as file:
            assert file.read() == "500\n"
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


@pytest.mark.skipif(labels.apparmor_enabled(), reason="needs a kernel without AppArmor")
def test_a_profile_is_refused_where_there_is_no_apparmor() -> None:
    with pytest.raises(errors.MissingFeature, match="apparmor: config provided but apparmor not supported"):
        wanted(apparmorProfile="docker-default")


@pytest.mark.skipif(labels.selinux_enabled(), reason="needs a kernel without SELinux")
def test_a_label_is_refused_where_there_is_no_selinux() -> None:
    with pytest.raises(errors.MissingFeature, match="selinux is disabled or not supported"):
        wanted(selinuxLabel="system_u:system_r:container_t:s0")


def test_a_directory_outside_of_the_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()

    def leave() -> None:
        outside = os.open(tmp_path, os.O_PATH)
        os.chroot(tmp_path / "root")
        os.fchdir(outside)
        with pytest.raises(errors.SetupFailed, match="possible container breakout"):
            directory.enter(".")

    assert in_a_child(leave)


def test_a_directory_whose_way_up_meets_the_roots_inode_is_refused_too(tmp_path: Path) -> None:
    """From there ".." leads past the root, which is another mount of the same directory."""
    (tmp_path / "root" / "below").mkdir(parents=True)

    def leave() -> None:
        syscalls.unshare(const.CLONE_NEWNS)
        syscalls.mount(None, "/", None, const.MS_REC | const.MS_PRIVATE)
        syscalls.mount(str(tmp_path / "root"), "/mnt", None, const.MS_BIND)
        outside = os.open(tmp_path / "root" / "below", os.O_PATH)
        os.chroot("/mnt")
        os.fchdir(outside)
        with pytest.raises(errors.SetupFailed, match="possible container breakout"):
            directory.enter(".")

    assert in_a_child(leave)


def test_ids_that_the_user_namespace_does_not_have_are_named() -> None:
    def become() -> None:
        syscalls.unshare(CLONE_NEWUSER)
        with pytest.raises(errors.SetupFailed, match="cannot setgid to unmapped gid 5 in user namespace"):
            security._set_ids(User(5, 5))

    assert in_a_child(become)


@pytest.mark.parametrize(
    ("args", "words", "code"),
    [
        (["nonesuch"], 'exec: "nonesuch": executable file not found in $PATH', 127),
        (["/nonesuch"], 'exec: "/nonesuch": no such file or directory', 127),
        (["/etc/passwd"], 'exec: "/etc/passwd": permission denied', 126),
        (["/etc"], 'exec: "/etc": permission denied', 126),
    ],
)
def test_a_program_that_cannot_be_executed_is_named(run: Run, args: list[str], words: str, code: int) -> None:
    error = run("true", args=args).error
    assert error is not None
    assert (error.message, error.exit_code) == (words, code)
