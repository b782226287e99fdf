"""Processes from the texts of /proc."""

import os

from engine.supervise.processes import boot_time_ns, describe, tty_name

STAT = (
    "812 (a) b (c) S 700 812 812 34817 812 4194560 120 0 0 0 250 50 0 0 20 0 1 0 "
    "900 8192000 512 18446744073709551615 1 1 0 0 0 0 0 0 65536"
)


def test_a_process_is_read_by_field_even_with_brackets_in_its_name() -> None:
    status = {"NSpid": "812\t7", "Uid": "1000\t1000\t1000\t1000"}
    process = describe(812, STAT, status, ("sleep", "1"), boot_ns=10**9)
    ticks = os.sysconf("SC_CLK_TCK")
    assert (process.pid, process.pid_inside, process.ppid, process.user) == (812, 7, 700, "1000")
    assert (process.state, process.tty) == ("S", "pts/1")
    assert process.cpu_usec == 300 * 1_000_000 // ticks
    assert process.memory_bytes == 512 * os.sysconf("SC_PAGE_SIZE")
    assert process.started_ns == 10**9 + 900 * (10**9 // ticks)


def test_a_process_without_arguments_shows_its_name_in_brackets() -> None:
    process = describe(812, STAT, {"NSpid": "812\t7", "Uid": "0"}, (), boot_ns=0)
    assert process.command == ("[a) b (c]",)


def test_terminals_have_names_and_other_numbers_none() -> None:
    assert tty_name(0) == "?"
    assert tty_name(os.makedev(136, 3)) == "pts/3"
    assert tty_name(os.makedev(137, 1)) == "pts/257"
    assert tty_name(os.makedev(4, 1)) == "?"


def test_the_boot_time_is_in_proc_stat() -> None:
    assert boot_time_ns("cpu  1 2\nbtime 1700000000\nprocesses 1\n") == 1_700_000_000 * 10**9
    assert boot_time_ns("") == 0
