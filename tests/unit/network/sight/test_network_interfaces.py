"""Counters of interfaces from the kernel's own text."""

from engine.network.sight.interfaces import parse
from engine.network.values import Counters

TEXT = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 26941924 1292650    0    0    0     0          0         0 26941924 1292650    0    0    0     0       0          0
  eth0: 1860504659   50732    1    2    0     0          0         9  3407458   35730    3    4    0     0       0          0
"""  # noqa: E501 - the kernel's lines are that long


def test_each_way_has_bytes_packets_drops_and_errors() -> None:
    assert parse(TEXT, ["eth0", "eth1"]) == {"eth0": Counters(1860504659, 50732, 2, 1, 3407458, 35730, 4, 3)}


def test_lines_in_another_form_are_passed_over() -> None:
    assert parse("eth0: 1 2 3\neth1: x" + " 0" * 16 + "\neth2", ["eth0", "eth1", "eth2"]) == {}
