"""The founding demonstrations: what a container is, shown on the kernel's own files."""

import ctypes
import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import kernel
from support.deck import Deck

BASE = "localhost/base"
QUEUE = f"/quarterdeck-test-{os.getpid()}"


@pytest.fixture
def sysv_queue() -> Iterator[str]:
    """A System V message queue of the host; its id."""
    words = subprocess.run(["ipcmk", "--queue"], capture_output=True, text=True, check=True).stdout.split()
    yield words[-1]
    subprocess.run(["ipcrm", "--queue-id", words[-1]], check=True)


@pytest.fixture
def posix_queue() -> Iterator[str]:
    """A POSIX message queue of the host; its name."""
    descriptor = _mq_open(QUEUE, os.O_CREAT | os.O_RDWR)
    os.close(descriptor)
    yield QUEUE
    assert ctypes.CDLL("librt.so.1").mq_unlink(QUEUE.encode()) == 0


def _mq_open(name: str, flags: int) -> int:
    library = ctypes.CDLL("librt.so.1", use_errno=True)
    descriptor: int = library.mq_open(name.encode(), flags, 0o600, None)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "mq_open", name)
    return descriptor


@pytest.mark.requires("ps")
def test_inside_the_program_is_pid_1_and_ps_shows_only_its_own(
    idle: Callable[..., str], out: Callable[..., str]
) -> None:
    idle("lonely")
    lines = out("exec", "lonely", "ps", "-e", "-o", "pid=,args=").splitlines()
    assert lines[0].split() == ["1", "sleep", "1000"]
    assert len(lines) == 2
    assert "ps -e" in lines[1]


def test_the_host_sees_the_program_under_another_pid(idle: Callable[..., str], deck: Deck) -> None:
    idle("seen")
    pid = deck.engine.container("seen").state.pid
    status = kernel.status(Path(f"/proc/{pid}/status").read_text())
    assert status["NSpid"].split() == [str(pid), "1"]


def test_every_namespace_but_the_user_one_is_its_own(idle: Callable[..., str], deck: Deck) -> None:
    idle("apart")
    pid = deck.engine.container("apart").state.pid
    kinds = ("cgroup", "ipc", "mnt", "net", "pid", "uts")
    shared = [kind for kind in kinds if os.readlink(f"/proc/{pid}/ns/{kind}") == os.readlink(f"/proc/self/ns/{kind}")]
    assert shared == []


@pytest.mark.requires("overlay")
def test_a_new_file_is_in_the_layer_of_the_container_and_not_in_the_image(deck: Deck, idle: Callable[..., str]) -> None:
    idle("writer")
    deck.out("exec", "writer", "touch", "/opt/x")
    upper = deck.engine.inspect("writer")["paths"]["upper"]
    assert Path(upper, "opt/x").is_file()
    assert list(Path(deck.paths.layers).glob("*/fs/opt/x")) == []


def test_a_second_container_does_not_see_the_files_of_the_first(deck: Deck, idle: Callable[..., str]) -> None:
    idle("first")
    idle("second")
    deck.out("exec", "first", "touch", "/opt/x")
    assert deck.out("exec", "first", "ls", "/opt") == "x\n"
    assert deck.out("exec", "second", "ls", "/opt") == ""


@pytest.mark.requires("ipcmk", "ipcs", "ipcrm")
def test_ipcs_inside_does_not_show_a_queue_of_the_host(sysv_queue: str, out: Callable[..., str]) -> None:
    host = subprocess.run(["ipcs", "-q"], capture_output=True, text=True, check=True).stdout
    assert sysv_queue in [line.split()[1] for line in host.splitlines() if line.startswith("0x")]
    inside = out("run", "--rm", BASE, "ipcs", "-q")
    assert [line for line in inside.splitlines() if line.startswith("0x")] == []


@pytest.mark.requires("ipcmk", "ipcs")
def test_ipcs_of_the_host_does_not_show_a_queue_made_inside(deck: Deck, idle: Callable[..., str]) -> None:
    def queues() -> str:
        return subprocess.run(["ipcs", "-q"], capture_output=True, text=True, check=True).stdout

    before = queues()
    idle("queueing")
    deck.out("exec", "queueing", "ipcmk", "-Q")
    inside = deck.out("exec", "queueing", "ipcs", "-q")
    assert len([line for line in inside.splitlines() if line.startswith("0x")]) == 1
    assert queues() == before


def test_a_posix_queue_of_the_host_is_not_inside(posix_queue: str, out: Callable[..., str]) -> None:
    assert out("run", "--rm", BASE, "ls", "/dev/mqueue") == ""


def test_a_posix_queue_made_inside_is_not_on_the_host(deck: Deck, idle: Callable[..., str]) -> None:
    idle("posix")
    deck.out("exec", "posix", "touch", f"/dev/mqueue{QUEUE}")
    assert deck.out("exec", "posix", "ls", "/dev/mqueue") == f"{QUEUE[1:]}\n"
    with pytest.raises(OSError) as caught:
        _mq_open(QUEUE, os.O_RDONLY)
    assert caught.value.errno == errno.ENOENT


def test_without_a_network_the_only_link_inside_is_a_loopback_that_is_up(out: Callable[..., str]) -> None:
    assert out("run", "--rm", "--network", "none", BASE, "ls", "/sys/class/net") == "lo\n"
    flags = int(out("run", "--rm", "--network", "none", BASE, "cat", "/sys/class/net/lo/flags"), 16)
    assert flags & 1, "IFF_UP is not set"


def test_the_host_name_inside_is_the_short_id_and_not_the_host_s(deck: Deck, idle: Callable[..., str]) -> None:
    container = idle("named")
    assert deck.out("exec", "named", "hostname").strip() == container[:12]


@pytest.mark.cgroup2
@pytest.mark.requires("cpu controller", "cpuset controller", "two cpus")
def test_shares_and_cpuset_are_what_the_files_of_the_kernel_say(deck: Deck, idle: Callable[..., str]) -> None:
    idle("weighed", "--cpu-shares", "512", "--cpuset-cpus", "1")
    pid = deck.engine.container("weighed").state.pid
    assert kernel.cgroup_file(pid, "cpuset", "cpuset.cpus", "cpuset.cpus") == "1"
    shares = kernel.cgroup_file(pid, "cpu", "cpu.shares", "cpu.weight")
    # v2 has a weight of 1 to 10000: runc's older and newer formula for 512 shares.
    assert shares in (("512",) if kernel.cgroup_version("cpu") == 1 else ("20", "59"))
    assert kernel.status(Path(f"/proc/{pid}/status").read_text())["Cpus_allowed_list"] == "1"


def test_nothing_of_a_container_is_in_the_mount_table_of_the_host(deck: Deck, idle: Callable[..., str]) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    idle("unseen")
    assert Path("/proc/self/mountinfo").read_text() == before
