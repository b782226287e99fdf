"""Containers that serve and ask, on the network of a laboratory."""

import subprocess
from pathlib import Path

from support import peer
from support.deck import Deck, Outcome
from support.waiting import until

BASE = "localhost/base"
PYTHON = ("python3", "-I", "-S", "-c")
_SOURCE = Path(peer.__file__).read_text()
_PORTS = ("tcp:80", "udp:80")


class Boxes:
    """What a test says to containers of one engine."""

    def __init__(self, deck: Deck) -> None:
        self.deck = deck

    def serve(self, name: str, *options: str, ports: tuple[str, ...] = _PORTS) -> str:
        """Start a container that answers on these ports with its name, and wait until it does; its address."""
        self.deck.start("--name", name, *options, BASE, *PYTHON, _SOURCE, "serve", name, *ports)
        self.until_ready(name)
        return self.address(name)

    def until_ready(self, name: str) -> None:
        """Wait until the server in there has said so."""
        until(lambda: "ready" in self.deck.out("logs", name), f"the server in {name}")

    def idle(self, name: str, *options: str) -> str:
        """Start a container that does nothing; its address."""
        self.deck.start("--name", name, *options, BASE, "sleep", "1000")
        return self.address(name)

    def ask(self, name: str, protocol: str, address: str, port: int, seconds: float = peer.SECONDS) -> str:
        """What an asker in that container is answered."""
        words = ("ask", protocol, address, str(port), str(seconds))
        return self.deck.out("exec", name, *PYTHON, _SOURCE, *words).strip()

    def send_seconds(self, name: str, address: str, port: int, size: int) -> float:
        """How long that container takes to send so many bytes."""
        return float(self.deck.out("exec", name, *PYTHON, _SOURCE, "send", "tcp", address, str(port), str(size)))

    def run(self, name: str, *command: str) -> str:
        """The output of a program in there that must succeed."""
        return self.deck.out("exec", name, *command)

    def python(self, name: str, source: str, *arguments: str) -> Outcome:
        """Run Python in there as a program of many lines."""
        return self.deck.qd("exec", name, *PYTHON, source, *arguments)

    def address(self, name: str, number: int = 0) -> str:
        """The IPv4 address of its interface of that number; empty where it has none."""
        endpoints = self.deck.engine.container(name).endpoints
        return endpoints[number].address if endpoints else ""

    def address6(self, name: str, number: int = 0) -> str:
        """Likewise IPv6."""
        return self.deck.engine.container(name).endpoints[number].address6

    def mac(self, name: str, number: int = 0) -> str:
        """The MAC address of an interface."""
        return self.deck.engine.container(name).endpoints[number].mac

    def host_port(self, name: str, number: int = 0) -> int:
        """The settled port of the host."""
        return self.deck.engine.container(name).ports[number].host

    def dial_from(self, name: str, address: str, port: int) -> "subprocess.Popen[str]":
        """A program in there with an open connection, which ends with its standard input."""
        script = (
            f"import sys, socket; s = socket.create_connection(({address!r}, {port}), 5); print(s.recv(99).decode(),"
            " end='', flush=True); sys.stdin.read()"
        )
        return self.deck.begin("exec", "-i", name, *PYTHON, script)
