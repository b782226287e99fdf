"""A container's terminal."""

import pytest
from support.box import COLUMNS, ROWS, Box

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces")]


def test_standard_streams_are_one_terminal_with_the_size_that_was_asked_for(box: Box) -> None:
    outcome = box.run("tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo all", tty=True)
    assert outcome.out.split("\r\n") == ["/dev/pts/0", f"{ROWS} {COLUMNS}", "all", ""]


def test_it_is_the_controlling_terminal(box: Box) -> None:
    assert box.run("echo through > /dev/tty; cat /proc/self/stat", tty=True).out.startswith("through\r\n")


def test_it_is_the_console_too(box: Box) -> None:
    assert box.run("echo through > /dev/console", tty=True).out == "through\r\n"


def test_it_belongs_to_the_user(box: Box) -> None:
    assert box.run("echo through > $(tty)", tty=True, user="bob").out == "through\r\n"


def test_terminals_of_two_containers_do_not_meet(box: Box) -> None:
    first = box.start("sleep", "100", tty=True).until_exec()
    assert box.run("ls", "/dev/pts", tty=True).out.split() == ["0", "ptmx"]
    first.kill()
    first.outcome()


def test_there_is_a_terminal_type_to_go_with_it(box: Box) -> None:
    assert box.run("echo $TERM", tty=True).out == "xterm\r\n"


def test_an_init_hands_the_terminal_to_its_program(box: Box) -> None:
    outcome = box.run("echo through > /dev/tty; stty size", tty=True, init=True)
    assert outcome.out.split("\r\n") == ["through", f"{ROWS} {COLUMNS}", ""]
