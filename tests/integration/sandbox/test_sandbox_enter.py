"""One more program in a running container."""

import os
from collections.abc import Iterator

import pytest
from support.box import COLUMNS, ROWS, Box, Running

from engine import errors
from engine.kernel.proc import parse_status, read_stat
from engine.model import CreateOptions

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces")]


@pytest.fixture
def running(box: Box) -> Iterator[Running]:
    started = box.start("sleep", "1000", hostname="inside").until_exec()
    yield started
    started.kill()
    started.outcome()


def test_it_sees_the_containers_processes_and_files(box: Box, running: Running, own_root: str) -> None:
    outcome = box.enter(running.pid, "touch /opt/x; cat /proc/1/comm").until_exec().outcome()
    assert outcome.out == "sleep\n"
    assert os.path.exists(f"{own_root}/opt/x")


def test_it_is_in_every_namespace_of_the_container(box: Box, running: Running) -> None:
    script = "for name in pid mnt ipc uts net cgroup; do ls -l /proc/1/ns/$name /proc/self/ns/$name; done"
    options = CreateOptions(image="handmade", command=("sleep",), privileged=True)
    lines = box.enter(running.pid, script, options=options).until_exec().outcome().out.splitlines()
    links = [line.rsplit(" ", 1)[1] for line in lines]
    assert len(links) == 12
    assert links[::2] == links[1::2]


def test_it_is_a_child_of_the_caller_whose_own_namespace_stays(box: Box, running: Running) -> None:
    entered = box.enter(running.pid, "sleep", "1000").until_exec()
    stat = read_stat(entered.pid)
    assert stat is not None
    assert stat.parent == os.getpid()
    assert os.readlink("/proc/self/ns/pid_for_children") == os.readlink("/proc/self/ns/pid")
    entered.kill()
    assert entered.outcome().code == 137


def test_it_has_the_capabilities_of_the_container(box: Box, running: Running) -> None:
    options = CreateOptions(image="handmade", command=("sleep",), cap_drop=("ALL",))
    out = box.enter(running.pid, "cat", "/proc/self/status", options=options).until_exec().outcome().out
    status = parse_status(out)
    assert (status["CapEff"], status["CapBnd"], status["NoNewPrivs"]) == ("0" * 16, "0" * 16, "1")


def test_it_runs_as_the_user_in_the_directory_with_the_variables_that_are_given(box: Box, running: Running) -> None:
    entered = box.enter(running.pid, "id -u; pwd; echo $A $HOME $HOSTNAME", user="bob", workdir="/tmp", env=("A=b",))
    assert entered.until_exec().outcome().out == "1000\n/tmp\nb /home/bob inside\n"


def test_it_has_a_terminal_of_the_container(box: Box, running: Running) -> None:
    entered = box.enter(running.pid, "tty; stty size; echo > /dev/tty", tty=True, size=(ROWS, COLUMNS)).until_exec()
    assert entered.outcome().out.split("\r\n") == ["/dev/pts/0", f"{ROWS} {COLUMNS}", "", ""]


def test_only_three_descriptors_reach_it(box: Box, running: Running) -> None:
    assert box.enter(running.pid, "ls", "/proc/self/fd").until_exec().outcome().out.split() == ["0", "1", "2", "3"]


def test_a_missing_program_is_127(box: Box, running: Running) -> None:
    outcome = box.enter(running.pid, "nonesuch").until_exec().outcome()
    assert outcome.code == 127
    assert isinstance(outcome.error, errors.ProgramNotFound)


def test_a_missing_directory_is_an_error_and_not_made(box: Box, running: Running, own_root: str) -> None:
    error = box.enter(running.pid, "true", workdir="/nonesuch").until_exec().outcome().error
    assert error is not None
    assert "/nonesuch" in error.message
    assert not os.path.exists(f"{own_root}/nonesuch")


def test_a_false_ptmx_of_a_hostile_container_is_refused_and_does_not_block(box: Box, running: Running) -> None:
    script = "mount -t tmpfs none /dev/pts && mkfifo /dev/pts/ptmx"
    options = CreateOptions(image="handmade", command=("sleep",), privileged=True)
    assert box.enter(running.pid, script, options=options).until_exec().outcome().code == 0
    error = box.enter(running.pid, "true", tty=True).until_exec().outcome().error
    assert error is not None
    assert "terminal" in error.message


def test_a_container_that_has_ended_is_a_conflict(box: Box) -> None:
    ended = box.start("true").until_exec()
    os.waitid(os.P_PIDFD, ended.child.pidfd, os.WEXITED | os.WNOWAIT)
    with pytest.raises(errors.Conflict, match="not running"):
        box.enter(ended.pid, "true")
    ended.outcome()
    with pytest.raises(errors.Conflict, match="not running"):
        box.enter(ended.pid, "true")


def test_it_dies_with_the_container(box: Box) -> None:
    container = box.start("sleep", "1000").until_exec()
    entered = box.enter(container.pid, "sleep", "1000").until_exec()
    container.kill()
    assert entered.outcome().code == 137
    container.outcome()
