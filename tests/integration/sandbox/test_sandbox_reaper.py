"""--init: our pid 1."""

import os
import signal

import pytest
from support.box import Box

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces")]


def test_the_program_is_a_child_of_pid_1_which_shows_nothing_of_the_host(box: Box) -> None:
    out = box.run("echo $$ $PPID; cat /proc/1/comm; cat /proc/1/cmdline", init=True).out
    assert out.rstrip("\0") == "2 1\nqd-init\nqd-init"


def test_pid_1_ends_as_the_program_ends(box: Box) -> None:
    assert box.run("exit 42", init=True).code == 42
    assert box.run("kill -9 $$", init=True).code == 137


def test_orphans_are_reaped(box: Box) -> None:
    script = "(sleep 0 & sleep 0 &); sleep 0.3; grep() { :; }; for s in /proc/[0-9]*/stat; do cat $s; done"
    states = [line.rpartition(")")[2].split()[0] for line in box.run(script, init=True).out.splitlines()]
    assert "Z" not in states


def test_a_signal_reaches_the_program(box: Box) -> None:
    running = box.start(
        "trap 'echo caught; exit 3' TERM; echo ready; while :; do sleep 0.05; done", init=True
    ).until_exec()
    assert os.read(running.readers[0], 6) == b"ready\n"
    signal.pidfd_send_signal(running.child.pidfd, signal.SIGTERM)
    outcome = running.outcome()
    assert (outcome.code, outcome.out) == (3, "caught\n")


def test_nobody_inside_may_look_into_its_memory_or_at_its_files(box: Box) -> None:
    outcome = box.run("cat /proc/1/environ /proc/1/maps; ls /proc/1/fd /proc/1/cwd/", init=True, user="bob")
    assert outcome.out == ""
    assert outcome.err.count("Permission denied") == 4


def test_not_even_root_inside_may(box: Box) -> None:
    outcome = box.run("cat /proc/1/environ; ls -l /proc/1/exe", init=True)
    assert outcome.err.count("Permission denied") == 2


def test_it_has_the_rights_of_the_program_and_no_more(box: Box) -> None:
    lines = box.run("cat /proc/1/status", init=True, user="bob").out.splitlines()
    assert {"CapEff:\t0000000000000000", "CapPrm:\t0000000000000000"} < set(lines)
    assert "Uid:\t1000\t1000\t1000\t1000" in lines


def test_the_end_of_the_programs_output_is_the_end_of_the_pipe(box: Box) -> None:
    running = box.start("exec 1>&- 2>&-; sleep 1000", init=True).until_exec()
    assert os.read(running.readers[0], 1) == b""
    running.kill()
    running.outcome()
