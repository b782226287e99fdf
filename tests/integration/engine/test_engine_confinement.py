"""What the program may not do, as the kernel tells it from inside."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support import kernel
from support.deck import Deck, Outcome

BASE = "localhost/base"
DEFAULT = 0x00000000A80405FB
"""chown dac_override fsetid fowner mknod setgid setuid setfcap setpcap net_bind_service sys_chroot kill
audit_write: linux/capability.h."""
CAP_NET_ADMIN = 1 << 12
CAP_CHOWN = 1 << 0


def _status(out: Callable[..., str], *options: str) -> dict[str, str]:
    return kernel.status(out("run", "--rm", *options, BASE, "cat", "/proc/self/status"))


def _sets(status: dict[str, str]) -> dict[str, int]:
    return {name: int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}


def test_root_inside_has_the_default_set_of_docker_without_raw_sockets(out: Callable[..., str]) -> None:
    sets = _sets(_status(out))
    assert (sets["CapPrm"], sets["CapEff"], sets["CapBnd"]) == (DEFAULT,) * 3
    assert sets["CapAmb"] == 0


def test_no_new_privileges_is_set(out: Callable[..., str]) -> None:
    assert _status(out)["NoNewPrivs"] == "1"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--cap-drop", "ALL"), 0),
        (("--cap-drop", "chown"), DEFAULT & ~CAP_CHOWN),
        (("--cap-add", "CAP_NET_ADMIN"), DEFAULT | CAP_NET_ADMIN),
        (("--cap-drop", "ALL", "--cap-add", "net_admin"), CAP_NET_ADMIN),
    ],
)
def test_capabilities_are_added_and_dropped(options: tuple[str, ...], expected: int, out: Callable[..., str]) -> None:
    sets = _sets(_status(out, *options))
    assert (sets["CapEff"], sets["CapBnd"]) == (expected, expected)


def test_another_user_has_no_capabilities(out: Callable[..., str]) -> None:
    status = _status(out, "--user", "1000:1000")
    assert status["Uid"].split() == ["1000"] * 4
    assert status["Gid"].split() == ["1000"] * 4
    assert status["Groups"] in ("", "1000")
    assert (_sets(status)["CapEff"], _sets(status)["CapPrm"]) == (0, 0)


def test_a_program_started_by_exec_is_confined_alike(deck: Deck, idle: Callable[..., str]) -> None:
    idle("cell", "--cap-drop", "ALL")
    status = kernel.status(deck.out("exec", "cell", "cat", "/proc/self/status"))
    assert (_sets(status)["CapEff"], _sets(status)["CapBnd"], status["NoNewPrivs"]) == (0, 0, "1")


def test_privileged_has_everything_that_the_host_s_root_has(out: Callable[..., str]) -> None:
    host = kernel.status(Path("/proc/self/status").read_text())
    assert _sets(_status(out, "--privileged"))["CapEff"] == int(host["CapBnd"], 16)


@pytest.mark.parametrize("path", ["/proc/kcore", "/proc/keys", "/proc/timer_list"])
def test_a_masked_file_is_empty(path: str, out: Callable[..., str]) -> None:
    if not Path(path).exists():
        pytest.skip(f"needs {path}")
    assert out("run", "--rm", BASE, "sh", "-c", f"wc -c < {path}").strip() == "0"


@pytest.mark.parametrize("path", ["/proc/acpi", "/proc/scsi", "/sys/firmware"])
def test_a_masked_folder_is_empty(path: str, out: Callable[..., str]) -> None:
    if not Path(path).exists():
        pytest.skip(f"needs {path}")
    assert out("run", "--rm", BASE, "ls", path) == ""


@pytest.mark.parametrize("path", ["/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/sys/kernel/uevent_seqnum"])
def test_the_kernel_s_knobs_cannot_be_turned(path: str, qd: Callable[..., Outcome]) -> None:
    if not Path(path).exists():
        pytest.skip(f"needs {path}")
    outcome = qd("run", "--rm", BASE, "sh", "-c", f"echo x > {path}")
    assert outcome.code != 0
    assert "Read-only file system" in outcome.err or "Permission denied" in outcome.err


@pytest.mark.parametrize(
    "program", [("mount", "-t", "tmpfs", "none", "/mnt"), ("hostname", "evil"), ("ip", "link", "set", "lo", "down")]
)
def test_what_needs_a_missing_capability_fails(program: tuple[str, ...], qd: Callable[..., Outcome]) -> None:
    assert qd("run", "--rm", BASE, *program).code not in (0, 125)


def test_the_devices_are_the_standard_ones(out: Callable[..., str]) -> None:
    expected = "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero"
    names = set(out("run", "--rm", BASE, "ls", "/dev").split())
    assert names - {"core"} == set(expected.split()) - {"core"}


@pytest.mark.requires("devices controller")
def test_a_disk_of_the_host_cannot_be_read_through_a_new_node(qd: Callable[..., Outcome]) -> None:
    disk = next((path for path in Path("/sys/block").iterdir() if (path / "dev").exists()), None)
    if disk is None:
        pytest.skip("needs a block device")
    major, minor = (disk / "dev").read_text().strip().split(":")
    outcome = qd("run", "--rm", BASE, "sh", "-c", f"mknod /disk b {major} {minor} && head -c 1 /disk")
    assert outcome.code != 0
    assert "not permitted" in outcome.err


def test_only_the_three_streams_are_open(out: Callable[..., str]) -> None:
    # The fourth is the folder that ls reads.
    assert out("run", "--rm", BASE, "ls", "/proc/self/fd").split() == ["0", "1", "2", "3"]


def test_ulimits_are_those_of_the_program(out: Callable[..., str]) -> None:
    script = "ulimit -Sn; ulimit -Hn; ulimit -c"
    assert (
        out("run", "--rm", "--ulimit", "nofile=100:200", "--ulimit", "core=0", BASE, "sh", "-c", script)
        == "100\n200\n0\n"
    )


def test_a_ulimit_above_what_we_may_give_is_lowered_and_said(qd: Callable[..., Outcome]) -> None:
    outcome = qd("run", "--rm", "--ulimit", "nofile=1048576:1048576", BASE, "sh", "-c", "ulimit -n")
    assert outcome.code == 0
    assert 0 < int(outcome.out) <= 1048576


def test_the_environment_of_the_engine_is_not_inside(out: Callable[..., str]) -> None:
    names = {line.partition("=")[0] for line in out("run", "--rm", BASE, "env").splitlines()}
    assert names <= {"PATH", "HOSTNAME", "HOME", "PWD", "SHLVL", "_", "LANG"}


def test_signals_are_as_in_a_fresh_process(out: Callable[..., str]) -> None:
    status = _status(out)
    assert int(status["SigBlk"], 16) == 0
    assert int(status["SigIgn"], 16) == 0
