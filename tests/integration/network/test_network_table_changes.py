"""Each change is one transaction, and what is there is what was said, whatever happened in between."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_interface

import pytest
from support.netlab import Machine

from engine.errors import EngineError
from engine.network.table.libnftables import Nft
from engine.network.table.table import Table
from engine.network.values import Bridge, Forward, Plug

pytestmark = [pytest.mark.root, pytest.mark.requires("nft")]

NAME = "quarterdeck-00aa11"
BRIDGE = Bridge("qd0-00aa11", (ip_interface("10.90.0.1/16"),))
SECOND = Bridge("qd0123456789", (ip_interface("10.91.0.1/16"),), isolate=False)


@pytest.fixture(scope="module", autouse=True)
def _library() -> None:
    """The first context of a process leaves low descriptors for the next."""
    if os.geteuid() == 0:
        Nft().close()


@pytest.fixture
def host() -> Iterator[Machine]:
    with closing(Machine("host")) as machine, machine.enter():
        yield machine


@pytest.fixture
def table(host: Machine) -> Iterator[Table]:
    with closing(Table(NAME)) as table:
        yield table


def plug(number: int, bridge: Bridge = BRIDGE) -> Plug:
    return Plug(
        link=f"qd{number:07x}00",
        interface="eth0",
        mac=f"02:42:0a:5a:{number >> 8:02x}:{number & 255:02x}",
        addresses=(ip_interface(f"10.90.{number >> 8}.{number & 255}/16"), ip_interface(f"fd90::{number:x}/64")),
        bridge=bridge.name,
    )


def forward(number: int, host: str = "0.0.0.0") -> Forward:
    return Forward("tcp", host, 8000 + number, BRIDGE.name, f"10.90.{number >> 8}.{number & 255}", 80)


def rules() -> str:
    with closing(Nft()) as nft:
        return nft.run("list ruleset")


def test_it_begins_with_the_first_bridge_and_ends_with_the_last(table: Table) -> None:
    table.open_bridge(BRIDGE)
    table.open_bridge(SECOND)
    table.close_bridge(BRIDGE.name)
    assert f"table inet {NAME}" in rules()
    assert f"table bridge {NAME}" in rules()
    table.close_bridge("qd-unknown")
    table.close_bridge(SECOND.name)
    assert rules() == ""


def test_what_is_added_and_removed_leaves_no_trace(table: Table) -> None:
    table.open_bridge(BRIDGE)
    before = rules()
    table.add([plug(2), plug(3)], [forward(2), forward(3, "192.0.2.1")])
    assert rules() != before
    table.remove([plug(2), plug(3)], [forward(2), forward(3, "192.0.2.1")])
    assert rules() == before


def test_closing_a_bridge_takes_what_is_on_it_along(table: Table) -> None:
    table.open_bridge(SECOND)
    before = rules()
    table.open_bridge(BRIDGE)
    table.add([plug(2)], [forward(2)])
    table.close_bridge(BRIDGE.name)
    assert rules() == before


def test_doing_anything_twice_is_no_error(table: Table) -> None:
    for _ in range(2):
        table.open_bridge(BRIDGE)
        table.add([plug(2)], [forward(2)])
        table.guard(True)
    once = rules()
    table.restore([BRIDGE], [plug(2)], [forward(2)])
    assert rules() == once
    for _ in range(2):
        table.remove([plug(2)], [forward(2)])
    for _ in range(2):
        table.delete()
    assert rules() == ""


def test_a_plug_without_a_bridge_makes_no_table(table: Table) -> None:
    table.add([plug(2)._replace(bridge="", kind="macvlan", parent="eth0")], [])
    assert rules() == ""


def test_a_port_that_another_was_given_stays_that_one_s(table: Table) -> None:
    table.open_bridge(BRIDGE)
    table.add([], [forward(2)])
    table.add([], [forward(2)._replace(target="10.90.0.9")])
    table.remove([], [forward(2)])
    assert "8002 : 10.90.0.9 . 80" in rules()


def test_an_address_that_another_was_given_stays_that_one_s(table: Table) -> None:
    table.open_bridge(BRIDGE)
    table.add([plug(2)], [])
    table.add([plug(2)._replace(link="qdlater")], [])
    table.remove([plug(2)], [])
    assert f'10.90.0.2 . "{BRIDGE.name}"' in rules()


def test_what_somebody_flushed_is_back_with_the_next_change(table: Table) -> None:
    table.open_bridge(BRIDGE)
    table.add([plug(2)], [forward(2)])
    table.guard(True)
    table.add([plug(3)], [])
    whole = rules()
    table.remove([plug(3)], [])
    with closing(Nft()) as nft:
        nft.run("flush ruleset")
    table.add([plug(3)], [])
    assert rules() == whole


def test_what_somebody_flushed_is_back_with_the_next_removal_and_guard(table: Table) -> None:
    table.open_bridge(BRIDGE)
    before = rules()
    table.add([plug(2)], [])
    with closing(Nft()) as nft:
        nft.run("flush ruleset")
        table.remove([plug(2)], [])
        assert rules() == before
        nft.run("flush ruleset")
    table.guard(True)
    assert "iifkind" in rules()


def test_a_new_process_says_the_whole_truth(table: Table) -> None:
    table.restore([BRIDGE, SECOND], [plug(number) for number in range(2, 100)], [forward(2)])
    with closing(Table(NAME)) as later:
        later.restore([BRIDGE], [plug(3)], [forward(3)])
        text = rules()
        later.restore([], [], [])
    assert SECOND.name not in text
    assert "10.90.0.2 " not in text
    assert "8003 : 10.90.0.3 . 80" in text
    assert rules() == ""


def test_many_at_once_are_the_same_by_either_way(table: Table) -> None:
    plugs, forwards = [plug(number) for number in range(2, 700)], [forward(number) for number in range(2, 700)]
    table.open_bridge(BRIDGE)
    empty = rules()
    table.add(plugs, forwards)
    added = rules()
    table.restore([BRIDGE], plugs, forwards)
    assert sorted(added.split()) == sorted(rules().split())
    table.remove(plugs, forwards)
    assert rules() == empty


def test_tables_of_others_are_untouched(table: Table) -> None:
    theirs = "table inet quarterdeck {\n\tset bridges {\n\t\ttype ifname\n\t}\n}\n"
    with closing(Nft()) as nft:
        nft.run(theirs)
    table.restore([BRIDGE], [plug(2)], [forward(2)])
    table.add([plug(3)], [])
    table.delete()
    assert rules() == theirs


def test_a_change_that_fails_changes_nothing(table: Table) -> None:
    table.open_bridge(BRIDGE)
    before = rules()
    with pytest.raises(EngineError):
        table.add([plug(2), plug(3)._replace(mac="not one")], [])
    assert rules() == before
    table.add([plug(2)], [])
    assert "10.90.0.2" in rules()


_KILLED = """
import sys
from ipaddress import ip_interface
from engine.network.table.table import Table
from engine.network.values import Bridge, Plug
bridge = Bridge("qd0", (ip_interface("10.90.0.1/16"),))
def plug(set, number):
    address = ip_interface(f"10.{90 + set}.0.{number}/16")
    return Plug(f"qd{number:03}", "eth0", f"02:42:0a:00:{set:02x}:{number:02x}", (address,), bridge="qd0")
table = Table("quarterdeck-00aa11")
while True:
    for set in (0, 1):
        table.restore([bridge], [plug(set, number) for number in range(100)], [])
        sys.stdout.write("x")
        sys.stdout.flush()
"""


def test_a_process_that_is_killed_leaves_the_old_or_the_new(host: Machine) -> None:
    for _ in range(10):
        process = subprocess.Popen([sys.executable, "-c", _KILLED], stdout=subprocess.PIPE, cwd=os.getcwd())
        assert process.stdout is not None
        process.stdout.read(3)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        text = rules()
        assert {text.count(f" . 10.{90 + which}.0.") for which in (0, 1)} == {0, 100}
    with closing(Table(NAME)) as table:
        table.delete()
