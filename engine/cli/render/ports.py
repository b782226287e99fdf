"""Published ports as Docker shows them."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final, NamedTuple

from engine.model import Container, Port, Status

EVERY: Final = ("0.0.0.0", "::")  # noqa: S104 - what an operator published, shown
_SHOWN: Final = frozenset({Status.RUNNING, Status.PAUSED})


class Binding(NamedTuple):
    """One port of a container on one address of the host."""

    protocol: str
    container: int
    address: str
    host: int

    @property
    def private(self) -> str:
        """80/tcp."""
        return f"{self.container}/{self.protocol}"

    @property
    def public(self) -> str:
        """0.0.0.0:8080, [::]:8080."""
        return f"{bracketed(self.address)}:{self.host}"


def bindings(container: Container) -> list[Binding]:
    """What is published at this moment, in the order of the container's ports: nothing of one that does not run."""
    if container.state.status not in _SHOWN:
        return []
    found = (one for port in container.ports for one in _each(port))
    return sorted(found, key=lambda one: (one.container, one.protocol, ":" in one.address, one.address, one.host))


def exposed(container: Container) -> list[tuple[int, str]]:
    """Ports and protocols that were exposed and are not published."""
    published = {(port.container, port.protocol) for port in container.ports}
    pairs = (text.partition("/") for text in container.options.expose)
    return sorted({(int(port), protocol or "tcp") for port, _slash, protocol in pairs if port.isdigit()} - published)


def ports_column(container: Container) -> str:
    """`0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 90/tcp`; ports in a row are one range."""
    if container.state.status not in _SHOWN:
        return ""
    published = [_arrow(run) for run in _runs(bindings(container))]
    return ", ".join([*published, *(_range(run) for run in _exposed_runs(exposed(container)))])


def bracketed(address: str) -> str:
    """As before a port."""
    return f"[{address}]" if ":" in address else address


def _each(port: Port) -> Iterator[Binding]:
    for address in [port.address] if port.address else EVERY:
        yield Binding(port.protocol, port.container, address, port.host)


def _runs(found: Iterable[Binding]) -> Iterator[list[Binding]]:
    """Neighbours on one address whose ports count up on both sides, those of IPv4 before those of IPv6."""
    by_address = sorted(found, key=lambda one: (one.protocol, ":" in one.address, one.address, one.container, one.host))
    runs: list[list[Binding]] = []
    for one in by_address:
        last = runs[-1][-1] if runs else None
        if last and one == last._replace(container=last.container + 1, host=last.host + 1):
            runs[-1].append(one)
        else:
            runs.append([one])
    yield from sorted(runs, key=lambda run: (run[0].container, run[0].protocol))


def _exposed_runs(found: list[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    ordered = sorted(found, key=lambda pair: (pair[1], pair[0]))
    numbered = groupby(enumerate(ordered), key=lambda item: (item[1][1], item[1][0] - item[0]))
    yield from sorted([pair for _, pair in group] for _, group in numbered)


def _arrow(run: list[Binding]) -> str:
    first, last = run[0], run[-1]
    if first is last:
        return f"{first.public}->{first.private}"
    return f"{first.public}-{last.host}->{first.container}-{last.private}"


def _range(run: list[tuple[int, str]]) -> str:
    (first, protocol), (last, _) = run[0], run[-1]
    return f"{first}/{protocol}" if first == last else f"{first}-{last}/{protocol}"
