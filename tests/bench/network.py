"""What the network costs: a start, a start beside two hundred others, and what goes through it beside Docker's bridge.

Everything is on hosts that are network namespaces, so that this machine's own network stays as it is; Docker has one of
its own, or the rules of each would cost the other. Both engines run the same image and the same Python as a server.
"""

import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from bench.figures import Row, in_turns, milliseconds, paired_row, pairs, run_seconds, seconds
from support import peer
from support.boxes import BASE, PYTHON, Boxes
from support.deck import QD, Deck, new_deck
from support.docker import Docker
from support.netlab import HOST, Lab, Machine
from support.waiting import until

from engine.model import CreateOptions

MANY: Final = 200
SENT_BYTES: Final = 1 << 28
PORT: Final = 8080
_SOURCE: Final = Path(peer.__file__).read_text()


def starts(deck: Deck, rounds: int) -> list[Row]:
    """From the request to create to exec(2), on the default network and with a loopback alone; then beside many."""
    with _host(deck) as (_lab, own), _host(deck) as (_other_lab, crowded):
        _keep(own, 1)
        measured = (lambda: start_once(own, "bridge")), (lambda: start_once(own, "none"))
        alone = [in_turns(*measured, number) for number in range(rounds)]
        _keep(crowded, MANY)
        beside = pairs(lambda: start_once(crowded, "bridge"), lambda: start_once(own, "bridge"), rounds)
    return [
        _difference("start on the default network, against --network none", alone),
        paired_row(f"start on the default network beside {MANY} containers, against beside one", beside),
    ]


@contextmanager
def _host(deck: Deck) -> Iterator[tuple[Lab, Deck]]:
    """An engine on a host of its own, with the images of another; it is warm."""
    with Lab() as lab:
        own = new_deck(deck.paths)
        with lab.host.enter():
            own.out("run", "--rm", BASE, "true")
        try:
            yield lab, own
        finally:
            own.end()


def _difference(what: str, measured: list[tuple[float, float]]) -> Row:
    """The median of what each pair differs by, in place of a ratio."""
    ours, theirs = (statistics.median(column) for column in zip(*measured, strict=True))
    more = statistics.median(mine - other for mine, other in measured)
    return Row(what, milliseconds(ours), milliseconds(theirs), f"{more * 1000:+.1f} ms")


def _keep(deck: Deck, number: int) -> None:
    """So many containers that run."""
    for _ in range(number):
        deck.engine.start(deck.engine.create(CreateOptions(image=BASE, command=("sleep", "1000"))))


def start_once(deck: Deck, network: str) -> float:
    """Seconds; the container is removed before the next."""
    made: list[str] = []
    options = CreateOptions(image=BASE, command=("true",), network=network)

    def start() -> None:
        made.append(deck.engine.create(options))
        deck.engine.start(made[0])

    taken = seconds(start)
    deck.engine.wait(made[0])
    deck.engine.remove(made[0], force=True)
    return taken


def commands(deck: Deck, rounds: int) -> list[Row]:
    """`qd run --rm` and `docker run --rm`, both on their default networks, as whole commands."""
    title = "qd run --rm on the default network, against docker run --rm"
    with _host(deck) as (lab, own), Lab() as beside, _docker(beside.host, own) as docker, lab.host.enter():
        ours = [QD, "run", "--rm", BASE, "true"]
        if docker is None:
            return [Row(title, milliseconds(run_seconds(ours, own.environment)), "not installed")]
        theirs = docker.command("run", "--rm", BASE, "true")
        return [
            paired_row(title, pairs(lambda: run_seconds(ours, own.environment), lambda: run_seconds(theirs), rounds))
        ]


class Way(NamedTuple):
    """One way to a server."""

    title: str
    machine: Machine
    address: str
    port: int


def throughput(deck: Deck, rounds: int) -> list[Row]:
    """A quarter of a gigabyte over TCP to a server in a container: directly, and by each way to a published port."""
    with _host(deck) as (lab, own), Lab() as beside, _docker(beside.host, own) as docker:
        with lab.host.enter():
            ours = _ways(lab, _serve(own))
        theirs = _ways(beside, _serve_by_docker(docker)) if docker else []
        if not theirs:
            return [Row(way.title, _speed(_send(way)), "not installed") for way in ours]
        return [_speeds(mine, other, rounds) for mine, other in zip(ours, theirs, strict=True)]


def _ways(lab: Lab, address: str) -> list[Way]:
    return [
        Way("throughput, host to container, against docker", lab.host, address, 80),
        Way("throughput, another machine to a published port, against docker", lab.other, HOST, PORT),
        Way("throughput, host to a published port, against docker", lab.host, HOST, PORT),
        Way("throughput, host to a published port by 127.0.0.1, against docker", lab.host, "127.0.0.1", PORT),
    ]


def _speeds(ours: Way, theirs: Way, rounds: int) -> Row:
    """Bytes a second and not seconds: a ratio above 1 is ours being the faster one."""
    mine, other, ratio = pairs(lambda: _send(ours), lambda: _send(theirs), rounds)
    return Row(ours.title, _speed(mine), _speed(other), f"{1 / ratio:.2f}")


def _send(way: Way) -> float:
    with way.machine.enter():
        return peer.send(way.address, way.port, SENT_BYTES)


def _speed(taken: float) -> str:
    return f"{SENT_BYTES / taken / 1e9:.2f} GB/s"


def _serve(deck: Deck) -> str:
    return Boxes(deck).serve("web", "-p", f"{PORT}:80")


def _serve_by_docker(docker: Docker) -> str:
    publish = ["-p", f"{PORT}:80", "--ulimit", "nofile=1024:4096"]
    docker.out("run", "-d", "--name", "web", *publish, BASE, *PYTHON, _SOURCE, "serve", "web", "tcp:80")
    until(lambda: "ready" in docker.out("logs", "web"), "the server in docker's container")
    return docker.inspect("web", "NetworkSettings.IPAddress")


@contextmanager
def _docker(host: Machine, deck: Deck) -> Iterator[Docker | None]:
    """A daemon on that host, with its bridge and its rules there, and with our base image."""
    if shutil.which("dockerd") is None:
        yield None
        return
    with host.enter():
        docker = Docker(bridge=True)
    try:
        archive = f"{docker.folder}/base.tar"
        deck.out("save", "-o", archive, BASE)
        docker.out("load", "-i", archive)
        yield docker
    finally:
        docker.close()
