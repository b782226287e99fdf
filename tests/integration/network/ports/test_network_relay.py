"""The relay: connections to published ports that the kernel cannot forward, between two network namespaces."""

import asyncio
import os
import socket
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

import pytest
from support import waiting
from support.netlab import Machine
from support.requirements import requires

from engine.model import Port
from engine.network.ports import holding
from engine.network.ports.relay import Relay
from engine.network.ports.relayed import relayed

FOUR, SIX = "10.79.0.2", "fd79::2"
PORT, INSIDE = 8080, 80
SECONDS = 20.0


class Pair(NamedTuple):
    """The host with a link to the container."""

    host: Machine
    container: Machine


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    requires("root")
    host, container = Machine("host"), Machine("container")
    try:
        for machine in (host, container):
            machine.ip("link set lo up")
            machine.sysctl("net/ipv6/conf/default/accept_dad", "0")
        host.ip(f"link add eth0 netns {container.path} type veth peer name inside")
        for machine, link, last in ((host, "inside", 1), (container, "eth0", 2)):
            machine.ip(f"address add 10.79.0.{last}/24 dev {link}")
            machine.ip(f"address add fd79::{last}/64 dev {link} nodad")
            machine.ip(f"link set {link} up")
        yield Pair(host, container)
    finally:
        host.close()
        container.close()


class Served:
    """A relay on a loop of its own, in a thread that is on the host."""

    def __init__(self, machine: Machine, idle_seconds: float = 300.0) -> None:
        self._machine = machine
        self._idle_seconds = idle_seconds
        self._ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(SECONDS)

    def _run(self) -> None:
        with self._machine.enter():
            asyncio.set_event_loop(self.loop)
            self.relay = Relay("/run/relay-of-a-test", idle_seconds=self._idle_seconds)
            self._ready.set()
            self.loop.run_forever()

    def call(self, function: Callable[..., object], *arguments: object) -> object:
        async def inside() -> object:
            result = function(*arguments)
            return await result if isinstance(result, Awaitable) else result

        return asyncio.run_coroutine_threadsafe(inside(), self.loop).result(SECONDS)

    def publish(self, *ports: Port, address: str = FOUR, address6: str = "", key: str = "web") -> holding.Held:
        def serve() -> holding.Held:
            held = holding.hold(ports)
            self.relay.serve(key, relayed(held.bound, address, address6))
            return held

        held = self.call(serve)
        assert isinstance(held, holding.Held)
        return held

    def die(self) -> None:
        """What the kernel does for a process that is killed."""
        process, self.relay._process = self.relay._process, None
        assert process is not None
        self.loop.remove_reader(process._channel)
        process._channel.close()

    def pid(self) -> int:
        """Of its process; 0 without one."""
        process = self.relay._process
        return process._child.pid if process is not None else 0

    def close(self) -> None:
        self.call(self.relay.close)
        watched = self.loop._selector.get_map()  # type: ignore[attr-defined]  # its own pipe alone, once all is reaped
        waiting.until(lambda: len(watched) == 1, "the end of the relay's process")
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(SECONDS)
        self.loop.close()


@pytest.fixture
def served(pair: Pair) -> Iterator[Served]:
    served = Served(pair.host)
    yield served
    served.close()


def listener(machine: Machine, address: str = "::", port: int = INSIDE) -> socket.socket:
    with machine.enter():
        made = socket.create_server((address, port), family=socket.AF_INET6, dualstack_ipv6=True)
    made.settimeout(SECONDS)
    return made


def dial(machine: Machine, address: str, port: int = PORT) -> socket.socket:
    with machine.enter():
        return socket.create_connection((address, port), SECONDS)


def read_all(sock: socket.socket) -> bytes:
    sock.settimeout(SECONDS)
    return b"".join(iter(lambda: sock.recv(1 << 20), b""))


@pytest.mark.parametrize(
    ("published", "dialled", "address", "address6", "family"),
    [
        ("", "::1", FOUR, "", socket.AF_INET),
        ("", "fd79::1", FOUR, "", socket.AF_INET),
        ("::1", "::1", FOUR, SIX, socket.AF_INET6),
        ("", "::1", FOUR, SIX, socket.AF_INET6),
        ("", "127.0.0.1", "", SIX, socket.AF_INET6),
    ],
)
def test_a_connection_is_carried_both_ways_and_each_half_ends_by_itself(
    published: str, dialled: str, address: str, address6: str, family: int, pair: Pair, served: Served
) -> None:
    with listener(pair.container) as server:
        held = served.publish(Port(container=INSIDE, host=PORT, address=published), address=address, address6=address6)
        with dial(pair.host, dialled) as client:
            client.sendall(b"a question" * 100_000)
            client.shutdown(socket.SHUT_WR)
            inside, (peer, *_) = server.accept()
            with inside:
                assert read_all(inside) == b"a question" * 100_000
                assert ("." in peer) is (family == socket.AF_INET)
                inside.sendall(b"an answer" * 100_000)
                inside.shutdown(socket.SHUT_WR)
                assert read_all(client) == b"an answer" * 100_000
        served.call(served.relay.drop, "web")
        held.close()


def test_nobody_runs_before_somebody_comes_and_none_after_a_while(pair: Pair) -> None:
    served = Served(pair.host, idle_seconds=0.2)
    try:
        held = served.publish(Port(container=INSIDE, host=PORT))
        assert served.pid() == 0
        with listener(pair.container) as server:
            for _ in range(2):
                with dial(pair.host, "::1") as client:
                    inside, _ = server.accept()
                    inside.sendall(b"x")
                    inside.close()
                    assert read_all(client) == b"x"
                waiting.until(lambda: served.pid() == 0, "the end of an idle process")
        held.close()
    finally:
        served.close()


def test_the_process_has_no_rights_and_no_priority(pair: Pair, served: Served) -> None:
    held = served.publish(Port(container=INSIDE, host=PORT))
    with listener(pair.container) as server, dial(pair.host, "::1"):
        server.accept()[0].close()
        with open(f"/proc/{served.pid()}/status") as file:
            status = dict(line.split(":", 1) for line in file)
    assert status["Uid"].split() == ["65534"] * 4
    assert status["Gid"].split() == ["65534"] * 4
    assert status["CapEff"].strip() == status["CapPrm"].strip() == "0" * 16
    assert status["Groups"].strip() == ""
    held.close()


def test_a_port_that_nobody_serves_inside_is_refused(pair: Pair, served: Served) -> None:
    held = served.publish(Port(container=INSIDE, host=PORT))
    with dial(pair.host, "::1") as client, pytest.raises(ConnectionError):
        client.settimeout(SECONDS)
        assert client.recv(1) == b"never"
    held.close()


def test_a_reset_of_one_side_is_one_of_the_other(pair: Pair, served: Served) -> None:
    held = served.publish(Port(container=INSIDE, host=PORT))
    with listener(pair.container) as server, dial(pair.host, "::1") as client:
        inside, _ = server.accept()
        inside.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        inside.close()
        client.settimeout(SECONDS)
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    held.close()


def test_a_reader_that_stalls_holds_up_nobody_else(pair: Pair, served: Served) -> None:
    held = served.publish(Port(container=INSIDE, host=PORT))
    with listener(pair.container) as server, dial(pair.host, "::1") as slow:
        stalled, _ = server.accept()
        stalled.settimeout(1.0)
        with suppress(TimeoutError):
            while True:
                stalled.sendall(bytes(1 << 20))
        with dial(pair.host, "::1") as quick:
            inside, _ = server.accept()
            inside.sendall(b"quick")
            inside.close()
            assert read_all(quick) == b"quick"
        slow.settimeout(SECONDS)
        assert slow.recv(1)
        stalled.close()
    held.close()


def test_a_dropped_port_refuses_at_once_and_is_free_for_the_next_run(pair: Pair, served: Served) -> None:
    with listener(pair.container) as server:
        for _ in range(5):
            held = served.publish(Port(container=INSIDE, host=PORT), Port(container=53, host=53, protocol="udp"))
            client = dial(pair.host, "::1")
            server.accept()[0].close()
            assert read_all(client) == b""
            client.close()
            served.call(served.relay.drop, "web")
            held.close()
            with pytest.raises(ConnectionRefusedError):
                dial(pair.host, "::1")
            served.call(served.relay.settled)


def test_what_is_served_again_goes_on_and_what_is_not_ends(pair: Pair, served: Served) -> None:
    """As when a running container gets one more network, with an address that is the better target."""
    held = served.publish(Port(container=INSIDE, host=PORT), Port(container=INSIDE, host=8081))
    first, second = relayed(held.bound, FOUR, "")
    with listener(pair.container) as server, dial(pair.host, "::1") as client:
        inside, _ = server.accept()
        served.call(served.relay.serve, "web", [first])
        with pytest.raises(ConnectionRefusedError):
            dial(pair.host, "::1", 8081)
        served.call(served.relay.serve, "web", [first, second._replace(target=SIX)])
        with dial(pair.host, "::1", 8081), server.accept()[0] as other:
            assert other.getpeername()[0] == "fd79::1"
        inside.sendall(b"x")
        inside.close()
        assert read_all(client) == b"x"
    served.call(served.relay.drop, "web")
    held.close()


def test_what_a_container_said_last_is_delivered_and_then_the_connection_is_cut(pair: Pair, served: Served) -> None:
    held = served.publish(Port(container=INSIDE, host=PORT))
    with listener(pair.container) as server, dial(pair.host, "::1") as client:
        inside, _ = server.accept()
        inside.sendall(b"last words")
        served.call(served.relay.drop, "web")
        held.close()
        client.settimeout(SECONDS)
        assert client.recv(100) == b"last words"
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
        inside.close()


def test_a_process_that_is_killed_is_followed_by_another(pair: Pair, served: Served) -> None:
    held = served.publish(Port(container=INSIDE, host=PORT))
    with listener(pair.container) as server:
        for _ in range(2):
            with dial(pair.host, "::1") as client:
                inside, _ = server.accept()
                inside.sendall(b"x")
                inside.close()
                assert read_all(client) == b"x"
            os.kill(served.pid(), 9)
            waiting.until(lambda: served.pid() == 0, "word of the death")
    held.close()


def test_one_that_does_not_read_its_orders_is_ended_for_the_port(pair: Pair, served: Served) -> None:
    held = served.publish(Port(container=INSIDE, host=PORT))
    with listener(pair.container) as server, dial(pair.host, "::1"):
        server.accept()[0].close()
        pid = served.pid()
        os.kill(pid, 19)
        served.call(served.relay.drop, "web")
        held.close()
        served.call(served.relay.settled)
        assert not os.path.exists(f"/proc/{pid}")
        held = served.publish(Port(container=INSIDE, host=PORT))
        served.call(served.relay.drop, "web")
        held.close()


def test_connections_outlive_the_supervisor(pair: Pair) -> None:
    served = Served(pair.host)
    held = served.publish(Port(container=INSIDE, host=PORT))
    with listener(pair.container) as server, dial(pair.host, "::1") as client:
        inside, _ = server.accept()
        served.call(served.die)
        held.close()
        waiting.until(lambda: refused(pair.host), "the port's end")
        with pair.host.enter():
            holding.hold([Port(container=INSIDE, host=PORT)]).close()
        inside.sendall(b"still there")
        inside.close()
        assert read_all(client) == b"still there"
    served.close()
    waiting.until(lambda: not relays(), "the end of the last connection's process")


def refused(machine: Machine) -> bool:
    try:
        dial(machine, "::1").close()
    except ConnectionRefusedError:
        return True
    return False


def relays() -> str:
    """Reaped, too: they are children of this process."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    return subprocess.run(["pgrep", "-f", "relay-of-a-test"], capture_output=True, text=True).stdout


def test_datagrams_go_there_and_come_back_from_the_address_that_was_asked(pair: Pair, served: Served) -> None:
    with pair.container.enter():
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("", 53))
    server.settimeout(SECONDS)
    held = served.publish(Port(container=53, host=53, protocol="udp"))
    pair.host.ip("address add fd79::11/64 dev inside nodad")
    try:
        for own in ("::1", "fd79::11"):
            for _ in range(2):
                with pair.host.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
                    client.settimeout(SECONDS)
                    client.connect((own, 53))
                    for size in (1, 1400, 20_000):
                        client.send(bytes(size))
                        data, peer = server.recvfrom(65535)
                        server.sendto(data + b"!", peer)
                        assert client.recv(65535) == bytes(size) + b"!"
    finally:
        pair.host.ip("address delete fd79::11/64 dev inside")
        server.close()
        held.close()


def test_more_clients_than_there_are_places_take_those_of_the_silent_ones(pair: Pair, served: Served) -> None:
    with pair.container.enter():
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("", 53))
    server.settimeout(SECONDS)
    held = served.publish(Port(container=53, host=53, protocol="udp"))
    clients = [pair.host.socket(socket.AF_INET6, socket.SOCK_DGRAM) for _ in range(300)]
    for client in clients:
        client.settimeout(SECONDS)
        client.connect(("::1", 53))
        client.send(b"x")
        data, peer = server.recvfrom(10)
        server.sendto(data, peer)
        assert client.recv(10) == b"x"
    open_ones = len(os.listdir(f"/proc/{served.pid()}/fd"))
    assert 256 <= open_ones < 280
    for client in clients:
        client.close()
    server.close()
    held.close()


@pytest.mark.requires("nft")
def test_the_kernel_refuses_the_answer_to_loopback_of_ipv6(pair: Pair) -> None:
    """Why there is a relay for [::1]: the rules that do for 127.0.0.1 do not for it."""
    for family, own, target in (("ip", "127.0.0.1", FOUR), ("ip6", "::1", f"[{SIX}]")):
        pair.host.run("nft", "add", "table", family, "t")
        hook = "{ type nat hook %s priority %d; }"
        pair.host.run("nft", "add", "chain", family, "t", "o", hook % ("output", -100))
        pair.host.run("nft", "add", "chain", family, "t", "p", hook % ("postrouting", 100))
        rule = f"{family} daddr {own} tcp dport 8081 dnat to {target}:80"
        pair.host.run("nft", "add", "rule", family, "t", "o", *rule.split())
        pair.host.run("nft", "add", "rule", family, "t", "p", "oifname", "inside", "masquerade")
    pair.host.sysctl("net/ipv4/conf/inside/route_localnet", "1")
    try:
        with listener(pair.container):
            dial(pair.host, "127.0.0.1", 8081).close()
            with pair.host.enter(), pytest.raises(TimeoutError):
                socket.create_connection(("::1", 8081), 1.0)
    finally:
        pair.host.run("nft", "flush", "ruleset")
