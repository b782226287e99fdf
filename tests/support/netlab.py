"""Machines that are network namespaces, wired as a small network, for tests of containers' networks.

    host  uplink  10.77.0.1/24  fd77::1/64 -------- uplink  10.77.0.2/24  fd77::2/64  other, the host's router
          second  10.78.0.1/24  fd78::1/64 -------- second  10.78.0.2/24  fd78::2/64  third
                                                    lo      203.0.113.9   2001:db8:9::9  of other: the internet

No machine has a route to the containers: what comes back to one was masqueraded. A namespace lives by a descriptor of
this process, so that nothing is mounted, and none stays when the process is killed. A thread that has entered a machine
makes sockets and starts programs there; the sockets stay there, whoever uses them.
"""

import os
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from support import peer

from engine.kernel import const, syscalls

HOST, HOST6 = "10.77.0.1", "fd77::1"
HOST_SECOND, HOST_SECOND6 = "10.78.0.1", "fd78::1"
OTHER, OTHER6 = "10.77.0.2", "fd77::2"
THIRD, THIRD6 = "10.78.0.2", "fd78::2"
INTERNET, INTERNET6 = "203.0.113.9", "2001:db8:9::9"
MTU = 1400
"""Of an uplink that is not like the others, so that it shows where it is followed."""


class Machine:
    """One network namespace."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._fd = _new_namespace()
        self._servers: list[Server] = []

    @property
    def path(self) -> str:
        """For nsenter and `ip link set netns`, as long as this process lives."""
        return f"/proc/{os.getpid()}/fd/{self._fd}"

    @contextmanager
    def enter(self) -> Iterator[None]:
        """This thread, and what it starts, is in there."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            syscalls.setns(self._fd, const.CLONE_NEWNET)
            yield
        finally:
            syscalls.setns(before, const.CLONE_NEWNET)
            os.close(before)

    def run(self, *command: str) -> str:
        """The standard output of a program that must succeed."""
        with self.enter():
            result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, f"{self.name}: {' '.join(command)}: {result.stderr}{result.stdout}"
        return result.stdout

    def ip(self, text: str) -> str:
        """`ip` with these arguments."""
        return self.run("ip", *text.split())

    def sysctl(self, name: str, value: str | None = None) -> str:
        """Read /proc/sys/NAME, or write it."""
        with self.enter():
            path = Path("/proc/sys", name)
            if value is not None:
                path.write_text(value)
            return path.read_text().strip()

    def serve(self, protocol: str, port: int, address: str = "::") -> "Server":
        """A server of `peer` in a thread, with this machine's name."""
        with self.enter():
            server = Server(peer.bind(protocol, address, port), self.name)
        self._servers.append(server)
        return server

    def ask(self, protocol: str, address: str, port: int, seconds: float = peer.SECONDS) -> str:
        """See `peer.ask`."""
        with self.enter():
            return peer.ask(protocol, address, port, seconds)

    def dial(self, address: str, port: int) -> socket.socket:
        """A TCP connection that has been answered."""
        with self.enter():
            sock, _ = peer.dial("tcp", address, port)
        return sock

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """A socket of any kind in there."""
        with self.enter():
            return socket.socket(family, kind, protocol)

    def links(self) -> frozenset[str]:
        """Names of its links, each with the link that it is part of."""
        lines = self.run("ip", "-br", "link").splitlines()
        return frozenset(line.split()[0].partition("@")[0] for line in lines)

    def stop_servers(self) -> None:
        """End those that a test has started."""
        while self._servers:
            self._servers.pop().close()

    def close(self) -> None:
        """Let go of the namespace; its links go with it once nobody is in there."""
        self.stop_servers()
        os.close(self._fd)


class Server:
    """A socket with a thread that answers on it."""

    def __init__(self, sock: socket.socket, name: str) -> None:
        self._sock = sock
        self._thread = threading.Thread(target=peer.answer, args=(sock, name), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Shut the socket, which wakes the thread, and wait for it."""
        with suppress(OSError):  # a datagram socket has no other end, and is woken all the same
            self._sock.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._sock.close()


class Belongings(NamedTuple):
    """What is on a machine that an engine could leave behind."""

    links: frozenset[str]
    tables: frozenset[str]
    rules: frozenset[str]
    routes: frozenset[str]
    listeners: frozenset[str]


def take(machine: Machine) -> Belongings:
    """What is there now. Who listens is left out: the pid is another one after a restart."""
    return Belongings(
        links=machine.links(),
        tables=_lines(machine, "nft", "list", "tables"),
        rules=_lines(machine, "ip", "rule") | _lines(machine, "ip", "-6", "rule"),
        routes=_lines(machine, "ip", "route") | _lines(machine, "ip", "-6", "route", "show", "scope", "global"),
        listeners=frozenset(line.split()[4] for line in _lines(machine, "ss", "-Hlntu")),
    )


def difference(before: Belongings, after: Belongings) -> list[str]:
    """One line for each thing that is on one side alone."""
    lines = []
    for kind, old, new in zip(Belongings._fields, before, after, strict=True):
        lines += [f"{kind}: left behind: {name}" for name in sorted(new - old)]
        lines += [f"{kind}: gone: {name}" for name in sorted(old - new)]
    return lines


class Lab:
    """The three machines, wired."""

    def __init__(self, mtu: int = 1500) -> None:
        self._undo = ExitStack()
        with self._undo:
            self.host, self.other, self.third = (self._machine(name) for name in ("host", "other", "third"))
            self._wire("uplink", self.other, 77, mtu)
            self._wire("second", self.third, 78, mtu)
            self._route()
            self._undo = self._undo.pop_all()

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    @property
    def machines(self) -> Sequence[Machine]:
        """All three."""
        return self.host, self.other, self.third

    def container_ends(self) -> frozenset[str]:
        """Names of the host's ends of containers' interfaces."""
        lines = self.host.ip("-o link show type veth").splitlines()
        return frozenset(line.split()[1].partition("@")[0] for line in lines) - {"uplink", "second"}

    def settle(self) -> None:
        """End the servers of a test, so that the next may have their ports."""
        for machine in self.machines:
            machine.stop_servers()

    def _machine(self, name: str) -> Machine:
        machine = Machine(name)
        self._undo.callback(machine.close)
        machine.ip("link set lo up")
        machine.sysctl("net/ipv4/ip_forward", "0")  # a new namespace may have what the host has
        for kind in ("all", "default"):
            machine.sysctl(f"net/ipv4/conf/{kind}/rp_filter", "0")
            machine.sysctl(f"net/ipv6/conf/{kind}/accept_dad", "0")
        return machine

    def _wire(self, link: str, machine: Machine, number: int, mtu: int) -> None:
        """One cable between the host and another machine; nodad, or an address could not be used for a second."""
        self.host.ip(f"link add {link} mtu {mtu} type veth peer name {link} mtu {mtu} netns {machine.path}")
        for end, digit in ((self.host, 1), (machine, 2)):
            end.ip(f"link set {link} up")
            end.ip(f"address add 10.{number}.0.{digit}/24 dev {link}")
            end.ip(f"address add fd{number}::{digit}/64 dev {link} nodad")

    def _route(self) -> None:
        """The host's way out, and its neighbours' ways to its other addresses."""
        self.other.ip(f"address add {INTERNET}/32 dev lo")
        self.other.ip(f"address add {INTERNET6}/128 dev lo nodad")
        for end, gateway in ((self.host, "10.77.0.2 fd77::2"), (self.other, "10.77.0.1 fd77::1")):
            self._default(end, "uplink", gateway)
        self._default(self.third, "second", "10.78.0.1 fd78::1")

    def _default(self, machine: Machine, link: str, gateways: str) -> None:
        """`other` has the host's second network by it alone, and no way to anything else of the host's."""
        old, new = gateways.split()
        where = ("10.78.0.0/24", "fd78::/64") if machine is self.other else ("default", "default")
        machine.ip(f"route add {where[0]} via {old} dev {link}")
        machine.ip(f"-6 route add {where[1]} via {new} dev {link}")


def _lines(machine: Machine, *command: str) -> frozenset[str]:
    """What a command prints; a route is marked as long as nobody is on its bridge."""
    return frozenset(line.removesuffix("linkdown ").strip() for line in machine.run(*command).splitlines())


def _new_namespace() -> int:
    """A descriptor of a new network namespace, made by a thread that ends at once."""
    found: list[int] = []

    def make() -> None:
        syscalls.unshare(const.CLONE_NEWNET)
        found.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return found[0]
