"""The leak check that surrounds the integration tests must be able to fail."""

import os
import subprocess

from support import leaks


def test_nothing_done_is_no_difference() -> None:
    assert leaks.difference(leaks.take()) == []


def test_an_open_descriptor_is_named() -> None:
    before = leaks.take()
    reader, writer = os.pipe()
    try:
        lines = leaks.compare(before, leaks.take())
    finally:
        os.close(reader)
        os.close(writer)
    assert len(lines) == 2
    assert all(line.startswith("descriptors: left behind: pipe") for line in lines)


def test_a_child_process_that_stays_is_named() -> None:
    before = leaks.take()
    with subprocess.Popen(["sleep", "1000"]) as child:
        lines = leaks.difference(before, seconds=0)
        child.kill()
    assert lines == [f"processes: left behind: {child.pid} sleep 1000"]


def test_something_that_vanished_is_named_too() -> None:
    before = leaks.take()
    fewer = before._replace(links=frozenset())
    assert [line for line in leaks.compare(before, fewer) if line == "links: gone: lo"]
