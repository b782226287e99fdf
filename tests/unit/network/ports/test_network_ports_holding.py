"""Ports of this host, held and let go of; who has one that cannot be held."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import Conflict, InvalidInput
from engine.model import Port
from engine.network.ports import holders, holding, settling

ROOT = Path(__file__).parents[4]
SIX = Path("/proc/net/if_inet6").exists()
FAMILIES = [(socket.AF_INET, "127.0.0.1"), *([(socket.AF_INET6, "::1")] if SIX else [])]
LINES = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0000000000000000 100
   2: nonsense:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0000000000000000 100
   3: 0100007F:1F90
   4: 00000000000000000000000001000000:1F90 0:0 06 00000000:00000000 00:00000000 00000000     0        0 0 1
"""


def free_port(protocol: str = "tcp", address: str = "") -> Port:
    (found,) = settling.settle([Port(container=80, protocol=protocol, address=address)])
    return found


def mine(one: Port) -> str:
    name = Path("/proc/self/comm").read_text().strip()
    return f"port {holding.told(one)} on the host is taken by {name} (pid {os.getpid()})"


@pytest.mark.skipif(sys.byteorder != "little", reason="the lines are from a little-endian machine")
def test_lines_of_the_kernel_are_read_and_others_passed_over() -> None:
    found = list(holders.parse(LINES.splitlines(), 8080))
    assert [(str(one.address), one.state, one.inode) for one in found] == [("127.0.0.1", "0A", 4711), ("::1", "06", 0)]


@pytest.mark.parametrize("reuse", [0, 1])
@pytest.mark.parametrize(("family", "address"), FAMILIES)
def test_nobody_else_listens_on_a_held_port_and_who_comes_is_refused(reuse: int, family: int, address: str) -> None:
    one = free_port()
    held = holding.hold([one])
    try:
        with socket.socket(family) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
            with pytest.raises(OSError, match="in use"):
                other.bind((address, one.host))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, one.host), 5)
        with pytest.raises(Conflict):
            holding.hold([one])
    finally:
        held.close()
        held.close()
    holding.hold([one]).close()


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize(("family", "address"), FAMILIES)
@pytest.mark.parametrize("published", ["same", ""])
def test_who_has_a_port_is_named(protocol: str, family: int, address: str, published: str) -> None:
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(family, kind) as taken:
        taken.bind((address, 0))
        if protocol == "tcp":
            taken.listen()
        number = taken.getsockname()[1]
        one = Port(container=80, host=number, protocol=protocol, address=address if published else "")
        with pytest.raises(Conflict) as caught:
            holding.hold([one])
        assert caught.value.message == mine(one)
        assert f"{number + 1}:80" in caught.value.hint
        held, warnings = holding.hold_what_is_free([free_port(), one])
        assert warnings == [mine(one)]
        assert held.bound
        held.close()


@pytest.mark.skipif(not SIX, reason="needs IPv6")
def test_one_socket_of_both_families_has_the_port_of_ipv4() -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as both:
        one = Port(container=80, host=both.getsockname()[1], address="127.0.0.1")
        with pytest.raises(Conflict) as caught:
            holding.hold([one])
        assert caught.value.message == mine(one)


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::"])
def test_who_holds_a_port_without_listening_is_named_too(address: str) -> None:
    """As another engine does, and a server in the moment before it listens."""
    if release() < (6, 8):
        pytest.skip("needs Linux 6.8, which lists such sockets")
    one = free_port()
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as taken:
        taken.bind((address, one.host))
        with pytest.raises(Conflict) as caught:
            holding.hold([one])
    assert caught.value.message == mine(one)


def release() -> tuple[int, ...]:
    return tuple(int(word) for word in os.uname().release.split("-")[0].split(".")[:2])


def test_all_are_held_or_none() -> None:
    first, second = free_port(), free_port()
    while second.host == first.host:
        second = free_port()
    with socket.create_server(("127.0.0.1", second.host)), pytest.raises(Conflict):
        holding.hold([first, second])
    holding.hold([first]).close()


def test_one_address_leaves_the_others_free() -> None:
    one = free_port(address="127.0.0.1")
    held = holding.hold([one])
    other = Port(container=80, host=one.host, address="127.0.0.2")
    holding.hold([other]).close()
    held.close()


def test_an_address_of_another_host_is_refused_in_words() -> None:
    with pytest.raises(InvalidInput, match=r"no address 192\.0\.2\.1"):
        holding.hold([Port(container=80, host=1, address="192.0.2.1")])


def test_connections_that_have_just_ended_keep_nobody_from_the_port() -> None:
    """As after the restart of a server of the host that ended its connections itself (TIME_WAIT)."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", number))
        inside, _ = server.accept()
        inside.close()
        assert client.recv(1) == b""
        client.close()
    with socket.socket() as plain, pytest.raises(OSError, match="in use"):
        plain.bind(("127.0.0.1", number))
    one = Port(container=80, host=number)
    held = holding.hold([one])
    with pytest.raises(Conflict):
        holding.hold([one])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", number), 5)
    with pytest.raises(OSError, match="in use"):
        socket.create_server(("127.0.0.1", number))
    held.close()


def test_sctp_is_not_held_since_that_would_load_a_module() -> None:
    assert holding.hold([Port(container=80, host=80, protocol="sctp")]).bound == ()


def test_a_datagram_socket_that_nobody_reads_takes_hardly_any_memory() -> None:
    held = holding.hold([free_port("udp")])
    assert max(one.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) for one in held.bound) < 5000
    held.close()


def test_the_relay_s_process_needs_the_standard_library_alone() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import engine.network.ports.relaying.process; "
        "print(*(name for name in sys.modules if name.partition('.')[0] not in sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert {name.partition(".")[0] for name in done.stdout.split()} == {"__main__", "engine"}
    assert "engine.model" not in done.stdout
