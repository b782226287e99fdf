"""From create to rm: every verb, and which state it leads to."""

from collections.abc import Callable

import pytest
from support import kernel
from support.deck import Deck, Outcome
from support.waiting import until

from engine.model import ContainerState, Status

BASE = "localhost/base"
POLITE = ("sh", "-c", "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done")
"""Exits with 7 when it is asked to."""

State = Callable[[str], ContainerState]


def _start_polite(deck: Deck, name: str, *options: str) -> None:
    deck.start("--name", name, *options, BASE, *POLITE)
    until(lambda: "up" in deck.out("logs", name), "the trap to be set")


@pytest.mark.cgroup2
def test_create_makes_it_and_start_runs_it(out: Callable[..., str], state: State) -> None:
    container = out("create", "--name", "early", BASE, "sleep", "1000").strip()
    assert len(container) == 64
    assert state("early").status == Status.CREATED
    assert out("start", "early") == "early\n"
    assert state("early").status == Status.RUNNING
    assert kernel.is_alive(state("early").pid)


def test_start_of_a_running_container_changes_nothing(
    idle: Callable[..., str], out: Callable[..., str], state: State
) -> None:
    idle("twice")
    pid = state("twice").pid
    out("start", "twice")
    assert state("twice").pid == pid


def test_stop_asks_and_the_code_of_the_program_stays(deck: Deck, state: State) -> None:
    _start_polite(deck, "polite")
    assert deck.out("stop", "polite") == "polite\n"
    assert (state("polite").status, state("polite").exit_code, state("polite").pid) == (Status.EXITED, 7, 0)


def test_stop_kills_what_does_not_listen(idle: Callable[..., str], out: Callable[..., str], state: State) -> None:
    idle("deaf")  # pid 1 without a handler ignores SIGTERM
    out("stop", "-t", "1", "deaf")
    assert state("deaf").exit_code == 137


def test_stop_sends_the_signal_that_was_asked_for(deck: Deck, state: State) -> None:
    script = "trap 'exit 9' USR1; echo up; while :; do sleep 0.05; done"
    deck.start("--name", "picky", "--stop-signal", "USR1", BASE, "sh", "-c", script)
    until(lambda: "up" in deck.out("logs", "picky"), "the trap to be set")
    deck.out("stop", "picky")
    assert state("picky").exit_code == 9


def test_stop_of_a_stopped_container_is_no_error(deck: Deck) -> None:
    deck.out("run", "--name", "over", BASE, "true")
    assert deck.out("stop", "over") == "over\n"


def test_restart_gives_a_new_process_and_keeps_the_files(deck: Deck, state: State) -> None:
    _start_polite(deck, "again")
    deck.out("exec", "again", "touch", "/opt/kept")
    pid = state("again").pid
    deck.out("restart", "again")
    assert state("again").status == Status.RUNNING
    assert state("again").pid != pid
    assert deck.out("exec", "again", "ls", "/opt") == "kept\n"


@pytest.mark.cgroup2
def test_kill_ends_it_with_137(idle: Callable[..., str], out: Callable[..., str], state: State) -> None:
    idle("victim")
    out("kill", "victim")
    until(lambda: state("victim").status == Status.EXITED, "the end of it")
    assert state("victim").exit_code == 137


def test_kill_with_a_signal_reaches_the_program(deck: Deck) -> None:
    script = "trap 'echo hup' HUP; echo up; while :; do sleep 0.05; done"
    deck.start("--name", "listener", BASE, "sh", "-c", script)
    until(lambda: "up" in deck.out("logs", "listener"), "the trap to be set")
    deck.out("kill", "-s", "HUP", "listener")
    until(lambda: "hup" in deck.out("logs", "listener"), "the signal")


@pytest.mark.cgroup2
@pytest.mark.requires("freezer controller")
def test_pause_freezes_and_unpause_lets_it_go_on(deck: Deck, state: State) -> None:
    deck.start("--name", "ticker", BASE, "sh", "-c", "while :; do echo tick; sleep 0.02; done")
    until(lambda: deck.out("logs", "ticker"), "the first tick")
    assert deck.out("pause", "ticker") == "ticker\n"
    assert state("ticker").status == Status.PAUSED
    assert _frozen(state("ticker").pid)
    assert "(Paused)" in deck.out("ps", "--filter", "name=ticker")
    frozen = deck.out("logs", "ticker")
    deck.out("unpause", "ticker")
    assert not _frozen(state("ticker").pid)
    until(lambda: len(deck.out("logs", "ticker")) > len(frozen), "the next tick")


def _frozen(pid: int) -> bool:
    return kernel.cgroup_file(pid, "freezer", "freezer.state", "cgroup.freeze") in ("FROZEN", "1")


@pytest.mark.cgroup2
@pytest.mark.requires("freezer controller")
@pytest.mark.parametrize("verb", [("kill",), ("stop", "-t", "1"), ("rm", "-f")])
def test_a_paused_container_can_still_be_ended(verb: tuple[str, ...], deck: Deck, idle: Callable[..., str]) -> None:
    idle("cold")
    pid = deck.engine.container("cold").state.pid
    deck.out("pause", "cold")
    deck.out(*verb, "cold")
    until(lambda: not kernel.is_alive(pid), "the end of a frozen process")


def test_exec_in_a_paused_container_is_refused_with_the_way_out(deck: Deck, idle: Callable[..., str]) -> None:
    idle("stiff")
    deck.out("pause", "stiff")
    outcome = deck.qd("exec", "stiff", "true")
    assert outcome.code == 125
    assert "paused" in outcome.err
    assert "unpause" in outcome.err


def test_wait_prints_the_codes_in_order(deck: Deck) -> None:
    deck.start("--name", "one", BASE, "sh", "-c", "exit 1")
    deck.start("--name", "two", BASE, "sh", "-c", "sleep 0.2; exit 2")
    assert deck.out("wait", "two", "one") == "2\n1\n"


def test_rename_frees_the_old_name(
    idle: Callable[..., str], out: Callable[..., str], qd: Callable[..., Outcome]
) -> None:
    container = idle("before")
    out("rename", "before", "after")
    assert out("ps", "-q", "--no-trunc", "--filter", "name=after").strip() == container
    assert qd("inspect", "before").code != 0
    idle("before")


def test_rm_refuses_a_running_container_and_says_how(
    idle: Callable[..., str], qd: Callable[..., Outcome], state: State
) -> None:
    idle("busy")
    outcome = qd("rm", "busy")
    assert outcome.code == 125
    assert "hint: " in outcome.err
    assert "-f" in outcome.err
    assert state("busy").status == Status.RUNNING


def test_rm_with_force_kills_it_first(deck: Deck, idle: Callable[..., str], state: State) -> None:
    idle("doomed")
    pid = state("doomed").pid
    deck.out("rm", "-f", "doomed")
    assert not kernel.is_alive(pid)
    assert deck.engine.containers() == ()


def test_a_container_of_one_use_is_gone_after_it(deck: Deck) -> None:
    deck.out("run", "--rm", "--name", "once", BASE, "true")
    assert deck.engine.containers() == ()


def test_a_detached_container_of_one_use_goes_by_itself(deck: Deck) -> None:
    deck.start("--rm", BASE, "true")
    until(lambda: deck.engine.containers() == (), "its removal")


def test_run_gives_standard_input_to_the_program_until_its_end(out: Callable[..., str]) -> None:
    assert out("run", "--rm", "-i", BASE, "cat", stdin="one\ntwo") == "one\ntwo"


def test_without_interactive_standard_input_is_empty(out: Callable[..., str]) -> None:
    assert out("run", "--rm", BASE, "cat", stdin="unheard") == ""


def test_run_keeps_the_two_streams_apart(qd: Callable[..., Outcome]) -> None:
    outcome = qd("run", "--rm", BASE, "sh", "-c", "echo out; echo err >&2")
    assert (outcome.code, outcome.out, outcome.err) == (0, "out\n", "err\n")


def test_a_long_output_arrives_whole(out: Callable[..., str]) -> None:
    lines = out("run", "--rm", BASE, "seq", "1", "200000").splitlines()
    assert (len(lines), lines[-1]) == (200000, "200000")


def test_start_attached_shows_the_output_and_returns_the_code(
    out: Callable[..., str], qd: Callable[..., Outcome]
) -> None:
    out("create", "--name", "shown", BASE, "sh", "-c", "echo hello; exit 3")
    assert qd("start", "-a", "shown")[:2] == (3, "hello\n")


def test_attach_shows_what_comes_and_ends_with_the_container(deck: Deck) -> None:
    deck.start("-i", "--name", "talker", BASE, "sh", "-c", "read word; echo got $word; exit 4")
    with deck.begin("attach", "talker") as client:
        said, _ = client.communicate("hello\n", timeout=60)
    assert (said, client.returncode) == ("got hello\n", 4)


def test_exec_without_a_terminal_has_its_streams_apart_and_its_code(deck: Deck, idle: Callable[..., str]) -> None:
    idle("host")
    outcome = deck.qd("exec", "-i", "host", "sh", "-c", "cat; echo err >&2; exit 5", stdin="in")
    assert outcome == (5, "in", "err\n")


def test_exec_detached_returns_at_once_and_runs(deck: Deck, idle: Callable[..., str]) -> None:
    idle("workshop")
    assert deck.qd("exec", "-d", "workshop", "sh", "-c", "sleep 0.2; touch /opt/done").code == 0
    until(lambda: deck.out("exec", "workshop", "ls", "/opt") == "done\n", "the detached program")


@pytest.mark.cgroup2
def test_processes_started_by_exec_die_with_the_container(deck: Deck, idle: Callable[..., str]) -> None:
    idle("house")
    with deck.begin("exec", "house", "sleep", "1000") as client:
        until(lambda: len(deck.engine.processes("house")) == 2, "the second process")
        deck.out("kill", "house")
        client.communicate(timeout=60)
    assert client.returncode == 137


def test_the_client_of_run_passes_signals_on(deck: Deck) -> None:
    with deck.begin("run", "--name", "proxied", BASE, *POLITE) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "up\n"
        client.terminate()
        client.communicate(timeout=60)
    assert client.returncode == 7
