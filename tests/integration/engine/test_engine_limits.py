"""Limits are what the kernel's files say, before the first instruction and after an update."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support import kernel
from support.deck import Deck
from support.waiting import until

from engine.model import Status

pytestmark = pytest.mark.cgroup2
BASE = "localhost/base"
MIB = 1 << 20


def _file(deck: Deck, name: str, controller: str, v1: str, v2: str) -> str:
    return kernel.cgroup_file(deck.engine.container(name).state.pid, controller, v1, v2)


def _memory(deck: Deck, name: str) -> str:
    return _file(deck, name, "memory", "memory.limit_in_bytes", "memory.max")


@pytest.mark.requires("memory controller")
def test_memory_is_the_limit_of_the_kernel(deck: Deck, idle: Callable[..., str]) -> None:
    idle("small", "--memory", "64m")
    assert _memory(deck, "small") == str(64 * MIB)


@pytest.mark.requires("memory controller", "swap accounting")
@pytest.mark.parametrize(
    ("options", "v1", "v2"),
    [
        (("--memory", "64m"), 128 * MIB, 64 * MIB),
        (("--memory", "64m", "--memory-swap", "64m"), 64 * MIB, 0),
        (("--memory", "64m", "--memory-swap", "96m"), 96 * MIB, 32 * MIB),
    ],
)
def test_swap_counts_together_with_memory(
    options: tuple[str, ...], v1: int, v2: int, deck: Deck, idle: Callable[..., str]
) -> None:
    idle("swapping", *options)
    found = _file(deck, "swapping", "memory", "memory.memsw.limit_in_bytes", "memory.swap.max")
    assert found == str(v1 if kernel.cgroup_version("memory") == 1 else v2)


@pytest.mark.requires("cpu controller")
def test_cpus_is_a_quota_of_the_period(deck: Deck, idle: Callable[..., str]) -> None:
    idle("halved", "--cpus", "0.5")
    if kernel.cgroup_version("cpu") == 2:
        assert _file(deck, "halved", "cpu", "", "cpu.max") == "50000 100000"
    else:
        assert _file(deck, "halved", "cpu", "cpu.cfs_quota_us", "") == "50000"
        assert _file(deck, "halved", "cpu", "cpu.cfs_period_us", "") == "100000"


@pytest.mark.requires("pids controller")
def test_pids_limit_stops_a_fork_bomb(deck: Deck, idle: Callable[..., str]) -> None:
    idle("crowded", "--pids-limit", "8")
    assert _file(deck, "crowded", "pids", "pids.max", "pids.max") == "8"
    script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done"
    outcome = deck.qd("exec", "crowded", "sh", "-c", script)
    assert outcome.code != 0
    assert "fork" in outcome.err.lower()


@pytest.mark.requires("blkio controller")
def test_a_read_rate_is_set_for_the_device(deck: Deck, idle: Callable[..., str]) -> None:
    device = _block_device()
    idle("throttled", "--device-read-bps", f"/dev/{device}:1mb")
    number = Path(f"/sys/class/block/{device}/dev").read_text().strip()
    found = _file(deck, "throttled", "blkio", "blkio.throttle.read_bps_device", "io.max")
    assert found.startswith(number)
    assert str(MIB) in found


def _block_device() -> str:
    """A disk of the host: throttling wants the whole disk, not a partition."""
    disks = [entry.name for entry in Path("/sys/block").iterdir() if Path("/dev", entry.name).exists()]
    if not disks:
        pytest.skip("needs a block device")
    return sorted(disks, key=lambda name: name.startswith(("loop", "ram")))[0]


@pytest.mark.requires("memory controller", "cpu controller", "pids controller")
def test_update_changes_the_files_of_the_kernel(deck: Deck, idle: Callable[..., str]) -> None:
    idle("growing", "--memory", "64m", "--pids-limit", "10")
    deck.out("update", "--memory", "128m", "--pids-limit", "20", "--cpu-shares", "2048", "growing")
    assert _memory(deck, "growing") == str(128 * MIB)
    assert _file(deck, "growing", "pids", "pids.max", "pids.max") == "20"
    if kernel.cgroup_version("cpu") == 1:
        assert _file(deck, "growing", "cpu", "cpu.shares", "") == "2048"
    deck.out("update", "--memory", "32m", "growing")
    assert _memory(deck, "growing") == str(32 * MIB)


@pytest.mark.requires("memory controller")
def test_an_update_outlives_a_restart(deck: Deck, idle: Callable[..., str]) -> None:
    idle("kept", "--memory", "64m")
    deck.out("update", "--memory", "128m", "kept")
    deck.out("restart", "-t", "0", "kept")
    assert _memory(deck, "kept") == str(128 * MIB)


@pytest.mark.requires("memory controller")
def test_an_update_of_a_stopped_container_counts_at_its_next_start(deck: Deck) -> None:
    deck.out("create", "--name", "later", "--memory", "64m", BASE, "sleep", "1000")
    deck.out("update", "--memory", "128m", "later")
    deck.out("start", "later")
    assert _memory(deck, "later") == str(128 * MIB)


@pytest.mark.requires("memory controller")
def test_an_oom_kill_is_named(deck: Deck) -> None:
    outcome = deck.qd("run", "--name", "hungry", "--memory", "32m", "--memory-swap", "32m", BASE, "tail", "/dev/zero")
    assert outcome.code == 137
    state = deck.engine.container("hungry").state
    assert state.oom_killed
    assert "memory" in state.cause
    assert deck.out("inspect", "--format", "{{.State.OOMKilled}}", "hungry") == "true\n"
    assert "OOM" in deck.out("ps", "-a", "--filter", "name=hungry")


@pytest.mark.requires("memory controller")
def test_an_oom_kill_below_pid_1_is_named_too(deck: Deck) -> None:
    script = "tail /dev/zero; echo survived with $?"
    limits = ("--memory", "32m", "--memory-swap", "32m")
    outcome = deck.qd("run", "--name", "parent", *limits, BASE, "sh", "-c", script)
    assert (outcome.code, outcome.out) == (0, "survived with 137\n")
    assert deck.engine.container("parent").state.oom_killed


@pytest.mark.requires("memory controller")
def test_what_was_killed_by_hand_is_no_oom_kill(deck: Deck, idle: Callable[..., str]) -> None:
    idle("shot", "--memory", "64m")
    deck.out("kill", "shot")
    until(lambda: deck.engine.container("shot").state.status == Status.EXITED, "its end")
    assert not deck.engine.container("shot").state.oom_killed


@pytest.mark.requires("cpu controller")
def test_stats_show_a_busy_container_at_its_limit(deck: Deck) -> None:
    deck.start("--name", "busy", "--cpus", "0.2", "--memory", "64m", BASE, "sh", "-c", "while :; do :; done")

    def throttled() -> bool:
        stats = deck.engine.stats(("busy",))
        return bool(stats) and 0.05 < stats[0].cpu_cores < 0.5 and stats[0].throttled_ratio > 0

    until(throttled, "a throttled sample", show=lambda: deck.engine.stats(("busy",)))
    figures = deck.engine.stats(("busy",))[0]
    assert figures.cpu_limit_cores == 0.2
    assert figures.memory_limit_bytes == 64 * MIB
    assert figures.pids == 1


def test_a_container_that_ended_has_no_cgroup_left(deck: Deck, idle: Callable[..., str]) -> None:
    container = idle("leaving")
    assert list(Path("/sys/fs/cgroup").glob(f"**/quarterdeck/{container}"))
    deck.out("rm", "-f", "leaving")
    assert not list(Path("/sys/fs/cgroup").glob(f"**/quarterdeck/{container}"))
