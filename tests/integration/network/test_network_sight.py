"""Connections between two machines, seen from a process of each."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.netlab import HOST, HOST6, OTHER, OTHER6, Lab, Machine

from engine import model
from engine.network.sight import sockets

pytestmark = [pytest.mark.root, pytest.mark.requires("root", "ip")]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@contextmanager
def process_in(machine: Machine) -> Iterator[int]:
    with machine.enter():
        process = subprocess.Popen(["sleep", "1000"])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def seen(machine: Machine, port: int) -> list[model.Connection]:
    """Those that have this port at one of their ends."""
    with process_in(machine) as pid:
        found, cut = sockets.read(pid)
    assert not cut
    return [one for one in found if port in (one.port, one.far_port)]


@pytest.mark.parametrize(("client", "server"), [(HOST, OTHER), (HOST6, OTHER6)])
def test_both_sides_list_a_connection_as_established(client: str, server: str, lab: Lab) -> None:
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with lab.other.socket(family, socket.SOCK_STREAM) as listener, lab.host.socket(family, socket.SOCK_STREAM) as near:
        listener.bind((server, 8101))
        listener.listen()
        near.connect((server, 8101))
        with listener.accept()[0]:
            port = near.getsockname()[1]
            here = [one for one in seen(lab.host, port) if one.state == "ESTABLISHED"]
            there = [one for one in seen(lab.other, port) if one.state == "ESTABLISHED"]
            listening = [one for one in seen(lab.other, 8101) if one.state == "LISTEN"]
    assert [(one.address, one.port, one.far_address, one.far_port) for one in here] == [(client, port, server, 8101)]
    assert [(one.address, one.port, one.far_address, one.far_port) for one in there] == [(server, 8101, client, port)]
    assert [(one.address, one.far_address) for one in listening] == [(server, "")]


def test_udp_is_seen_with_a_far_end_and_without(lab: Lab) -> None:
    with lab.host.socket(socket.AF_INET, socket.SOCK_DGRAM) as near:
        near.bind((HOST, 8102))
        assert [(one.state, one.far_address) for one in seen(lab.host, 8102)] == [("UNCONN", "")]
        near.connect((OTHER, 8103))
        assert [(one.state, one.far_port) for one in seen(lab.host, 8102)] == [("ESTABLISHED", 8103)]
        assert seen(lab.other, 8102) == []


def test_a_socket_of_both_families_shows_a_client_of_ipv4_by_its_own_address(lab: Lab) -> None:
    with lab.other.socket(socket.AF_INET6, socket.SOCK_STREAM) as listener:
        listener.bind(("::", 8104))
        listener.listen()
        with lab.host.socket(socket.AF_INET, socket.SOCK_STREAM) as near:
            near.connect((OTHER, 8104))
            with listener.accept()[0]:
                found = [one for one in seen(lab.other, 8104) if one.state == "ESTABLISHED"]
    assert [(one.address, one.far_address) for one in found] == [(OTHER, HOST)]


def test_a_container_with_many_sockets_has_no_more_listed_than_there_is_room_for(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "LIMIT", 3)
    many = [lab.third.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(5)]
    try:
        for sock in many:
            sock.bind(("127.0.0.1", 0))
        with process_in(lab.third) as pid:
            found, cut = sockets.read(pid)
        assert (len([one for one in found if one.protocol == "udp"]), cut) == (3, True)
    finally:
        for sock in many:
            sock.close()


def test_a_process_that_is_gone_has_none(lab: Lab) -> None:
    with process_in(lab.third) as pid:
        pass
    with pytest.raises(FileNotFoundError):
        sockets.read(pid)
