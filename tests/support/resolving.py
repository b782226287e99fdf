"""Network namespaces that stand for containers, and a process that resolves names for them."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support import dns_messages as dns
from support.name_servers import HONEST
from support.waiting import SLOW, until

from engine.network import namespace
from engine.network.dns.sockets import ADDRESS, PORT
from engine.network.link.loopback import loopback_up

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 15.0 * SLOW
"""Only a failure waits so long."""
WEB, DB = "aaaabbbbcccc" + "0" * 52, "ddddeeeeffff" + "0" * 52
CONTAINERS = {WEB: (["web", "site"], ["172.18.0.2", "fd00::2"]), DB: (["db", "site"], ["172.18.0.3"])}


class Box:
    """A network namespace with loopback up, and a process that keeps it."""

    def __init__(self, *options: str, is_up: bool = True) -> None:
        """The options are those of unshare(1): `--user` for a user namespace of its own."""
        self._keeper = subprocess.Popen(["unshare", "--net", *options, "sleep", "1000"])
        self.pid = self._keeper.pid
        own = os.readlink("/proc/self/ns/net")
        until(lambda: os.readlink(f"/proc/{self.pid}/ns/net") != own, "a network namespace")
        if is_up:
            self.up()

    def up(self) -> None:
        """Loopback is, from now on."""
        loopback_up(self.pid)

    def close(self) -> None:
        """It goes with its process."""
        self._keeper.kill()
        self._keeper.wait()

    def datagrams(self, address: str = ADDRESS) -> socket.socket:
        """A socket in there that talks to port 53 of this address."""
        return self._connected(socket.SOCK_DGRAM, address)

    def stream(self, address: str = ADDRESS) -> socket.socket:
        """Likewise a connection."""
        return self._connected(socket.SOCK_STREAM, address)

    def _connected(self, kind: int, address: str) -> socket.socket:
        with namespace.inside(self.pid):
            sock = socket.socket(socket.AF_INET, kind)
        sock.settimeout(SECONDS)
        sock.connect((address, PORT))
        return sock

    def bound(self, kind: int, address: str, port: int) -> socket.socket:
        """A program's own socket in there."""
        with namespace.inside(self.pid):
            sock = socket.socket(socket.AF_INET, kind)
        sock.settimeout(SECONDS)
        sock.bind((address, port))
        return sock

    def ask(self, name: str, kind: int = dns.A, *, by_tcp: bool = False, **more: Any) -> dns.Read:
        """One question, its answer."""
        question = dns.query(name, kind, **more)
        with self.stream() if by_tcp else self.datagrams() as sock:
            found = exchange(sock, question) if by_tcp else talk(sock, question)
        assert (found.id, found.question) == (0x1234, question[12 : 12 + len(found.question)] or found.question)
        return found

    def run(self, *command: str, resolv_conf: Path | None = None) -> subprocess.CompletedProcess[str]:
        """A program in there, which finds this resolv.conf in its place."""
        mounted = ["unshare", "--mount", "sh", "-c", 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"', "sh"]
        words = ["nsenter", f"--net=/proc/{self.pid}/ns/net", *([*mounted, str(resolv_conf)] if resolv_conf else [])]
        return subprocess.run([*words, *command], capture_output=True, text=True, timeout=SECONDS * 4)


def talk(sock: socket.socket, question: bytes) -> dns.Read:
    """A datagram there and one back."""
    sock.send(question)
    return dns.read(sock.recv(65535))


def exchange(sock: socket.socket, question: bytes) -> dns.Read:
    """A question on a connection, and the next answer on it."""
    sock.sendall(len(question).to_bytes(2) + question)
    return receive(sock)


def receive(sock: socket.socket) -> dns.Read:
    """The next answer on a connection. Raises EOFError where it has ended."""
    return dns.read(_exactly(sock, int.from_bytes(_exactly(sock, 2))))


def _exactly(sock: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = sock.recv(size - len(found))
        if not piece:
            raise EOFError
        found += piece
    return found


class Side:
    """The process that resolves."""

    def __init__(self, boxes: Sequence[Box], upstreams: Sequence[str] = (HONEST,)) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.resolver_side", *(str(box.pid) for box in boxes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/tests"},
        )
        self._until_ready()
        self.learn(upstreams)

    def learn(
        self,
        upstreams: Sequence[str] = (HONEST,),
        idle_seconds: float = 1000.0,
        containers: dict[str, tuple[list[str], list[str]]] = CONTAINERS,
    ) -> None:
        """What is so from now on."""
        assert self._process.stdin
        settings = {"upstreams": list(upstreams), "idle_seconds": idle_seconds, "containers": containers}
        self._process.stdin.write(json.dumps(settings) + "\n")
        self._process.stdin.flush()
        self._until_ready()

    def _until_ready(self) -> None:
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        """As a supervisor dies that could not say anything."""
        self._process.send_signal(signal.SIGKILL)
        self._end()

    def close(self) -> None:
        """In order; it must not have failed."""
        assert self._process.stdin
        self._process.stdin.close()
        assert self._end() == 0

    def _end(self) -> int:
        code = self._process.wait(SECONDS)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()
        return code
