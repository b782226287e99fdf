"""Who outlives whom: containers outlive the command, the supervisor and the keeper."""

import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support import kernel
from support.deck import Deck
from support.waiting import until, until_gone

from engine import launch
from engine.model import Status

BASE = "localhost/base"
COUNTING = ("sh", "-c", "n=0; while :; do n=$((n+1)); echo $n; sleep 0.01; done")


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    assert until_gone(pid)


def _numbers(deck: Deck, name: str) -> list[int]:
    return [int(line) for line in deck.out("logs", name).splitlines()]


def test_a_container_outlives_the_killed_client_of_run(deck: Deck) -> None:
    with deck.begin("run", "--name", "orphan", BASE, *COUNTING) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "1\n"
        client.kill()
        client.communicate(timeout=60)
    seen = _numbers(deck, "orphan")[-1]
    until(lambda: _numbers(deck, "orphan")[-1] > seen, "it to go on")
    assert deck.engine.container("orphan").state.status == Status.RUNNING


def test_a_container_outlives_a_killed_exec_and_so_do_its_other_sessions(deck: Deck) -> None:
    deck.start("--name", "shared", BASE, "sleep", "1000")
    with deck.begin("exec", "-i", "shared", "cat") as kept, deck.begin("exec", "-i", "shared", "cat") as killed:
        until(lambda: len(deck.engine.processes("shared")) == 3, "both sessions")
        killed.kill()
        killed.communicate(timeout=60)
        assert kept.communicate("still here", timeout=60)[0] == "still here"
    assert deck.engine.container("shared").state.status == Status.RUNNING


def test_a_killed_supervisor_loses_no_line_and_no_container(own_deck: Deck) -> None:
    own_deck.start("--name", "counter", BASE, *COUNTING)
    until(lambda: len(_numbers(own_deck, "counter")) > 5, "some lines")
    before = own_deck.engine.container("counter").state
    _kill(own_deck.engine.info().supervisor_pid)
    own_deck.engine.close()
    after = own_deck.engine.container("counter").state
    assert (after.status, after.pid) == (Status.RUNNING, before.pid)
    seen = _numbers(own_deck, "counter")[-1]
    until(lambda: _numbers(own_deck, "counter")[-1] > seen + 5, "new lines")
    numbers = _numbers(own_deck, "counter")
    assert numbers == list(range(1, len(numbers) + 1))


def test_an_exit_without_a_supervisor_is_still_recorded(own_deck: Deck) -> None:
    own_deck.start(
        "-i", "--name", "quiet", BASE, "sh", "-c", "trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done"
    )
    until(lambda: "up" in own_deck.out("logs", "quiet"), "the trap")
    pid = own_deck.engine.container("quiet").state.pid
    _kill(own_deck.engine.info().supervisor_pid)
    own_deck.engine.close()
    os.kill(pid, signal.SIGTERM)
    until(lambda: not kernel.is_alive(pid), "its end")
    state = own_deck.engine.container("quiet").state
    assert (state.status, state.exit_code) == (Status.EXITED, 9)


def test_containers_outlive_a_killed_keeper(own_deck: Deck) -> None:
    own_deck.start("--name", "survivor", BASE, "sleep", "1000")
    pid = own_deck.engine.container("survivor").state.pid
    keeper = own_deck.engine.info().keeper_pid
    _kill(keeper)
    until(lambda: own_deck.engine.info().keeper_pid not in (0, keeper), "a new keeper")
    state = own_deck.engine.container("survivor").state
    assert (state.status, state.pid) == (Status.RUNNING, pid)
    assert kernel.is_alive(pid)
    own_deck.out("run", "--rm", BASE, "true")
    own_deck.out("stop", "-t", "0", "survivor")
    assert not kernel.is_alive(pid)
    assert own_deck.engine.container("survivor").state.status == Status.EXITED


def test_containers_outlive_both_processes(own_deck: Deck) -> None:
    own_deck.start("--name", "survivor", BASE, "sleep", "1000")
    info = own_deck.engine.info()
    pid = own_deck.engine.container("survivor").state.pid
    os.kill(info.supervisor_pid, signal.SIGKILL)
    os.kill(info.keeper_pid, signal.SIGKILL)
    assert until_gone(info.supervisor_pid)
    assert until_gone(info.keeper_pid)
    own_deck.engine.close()
    state = own_deck.engine.container("survivor").state
    assert (state.status, state.pid) == (Status.RUNNING, pid)
    own_deck.out("rm", "-f", "survivor")
    assert not kernel.is_alive(pid)


def test_a_pid_that_is_somebody_else_s_by_now_is_not_believed(own_deck: Deck) -> None:
    """The record on disk is a claim: with another start time the process is a stranger, and is left alone."""
    own_deck.start("--name", "past", BASE, "sleep", "1000")
    info = own_deck.engine.info()
    container = own_deck.engine.container("past")
    for pid in (info.supervisor_pid, info.keeper_pid, container.state.pid):
        os.kill(pid, signal.SIGKILL)
        assert until_gone(pid)
    own_deck.engine.close()
    with subprocess.Popen(["sleep", "1000"]) as stranger:
        path = Path(own_deck.paths.container(container.id), "state.json")
        path.write_text(path.read_text().replace(str(container.state.pid), str(stranger.pid)))
        assert own_deck.engine.container("past").state.status == Status.EXITED
        own_deck.out("rm", "-f", "past")
        assert stranger.poll() is None
        stranger.kill()


def test_of_two_supervisors_started_at_once_one_wins(own_deck: Deck) -> None:
    os.makedirs(own_deck.paths.run, mode=0o700, exist_ok=True)
    command = launch.command("supervisor", own_deck.paths.root, own_deck.paths.run)
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) for _ in range(2)]
    answers = [process.stdout.readline() for process in both if process.stdout]
    for process in both:
        assert process.stdout is not None
        process.stdout.close()
    winner = own_deck.engine.info().supervisor_pid
    loser = next(process for process in both if process.pid != winner)
    assert winner in [process.pid for process in both]
    assert loser.wait(timeout=60) is not None
    assert all(answers)
    assert own_deck.out("run", "--rm", BASE, "echo", "works") == "works\n"


def test_eight_commands_at_once_start_one_supervisor(own_deck: Deck) -> None:
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: own_deck.qd("ps", "-q"), range(8)))
    assert [outcome.code for outcome in outcomes] == [0] * 8, outcomes
    pattern = f"launch.py supervisor {own_deck.paths.root} "

    def running() -> list[Path]:
        return [path for path in Path("/proc").glob("[0-9]*/cmdline") if pattern in _cmdline(path)]

    # Those that came too late have said so, and are on their way out.
    until(lambda: len(running()) == 1, "one supervisor alone", show=running)


def _cmdline(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def test_a_hundred_containers_start_and_go_and_nothing_grows(own_deck: Deck) -> None:
    own_deck.out("run", "--rm", BASE, "true")
    info = own_deck.engine.info()
    pids = (info.supervisor_pid, info.keeper_pid)
    before = [kernel.descriptors(pid) for pid in pids]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: own_deck.start("--name", f"c{n}", BASE, "sleep", "1000"), range(100)))
    running = own_deck.engine.containers(everything=False)
    assert len(running) == 100
    assert all(kernel.is_alive(container.state.pid) for container in running)
    own_deck.remove_all()
    assert own_deck.engine.info().supervisor_pid == pids[0]
    until(lambda: [kernel.descriptors(pid) for pid in pids] <= before, "the descriptors to be closed")


def test_the_socket_is_the_owner_s_alone(deck: Deck) -> None:
    assert os.stat(deck.paths.socket).st_mode & 0o777 == 0o600
    assert os.stat(deck.paths.run).st_mode & 0o777 == 0o700
    assert os.stat(deck.paths.root).st_mode & 0o777 == 0o700
