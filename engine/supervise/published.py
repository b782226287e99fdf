"""Docker's filters of a list that concern networks: publish, expose, network."""

import re
from typing import Final

from engine import errors, model

KEYS: Final = ("publish", "expose", "network")
_PORTS: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?", re.ASCII)
_RUNNING: Final = frozenset({model.Status.RUNNING, model.Status.PAUSED})


def matches(container: model.Container, key: str, value: str) -> bool:
    """`publish=8080[-8090][/PROTOCOL]` is a port of the host that it has at this moment, `expose=80` one of its own,
    `network=NAME` or an id. Raises `InvalidInput`."""
    if key == "network":
        return _is_on(container, value)
    first, last, protocol = _parse(key, value)
    shown = _published(container) if key == "publish" else _exposed(container)
    return any(first <= port <= last and protocol == of for port, of in shown)


def _parse(key: str, value: str) -> tuple[int, int, str]:
    found = _PORTS.fullmatch(value)
    if found is None:
        raise errors.InvalidInput(f"the filter {key}={value[:32]!r} is no port", hint=f"{key}=80, {key}=8000-8010/udp")
    return int(found[1]), int(found[2] or found[1]), found[3] or "tcp"


def _published(container: model.Container) -> list[tuple[int, str]]:
    if container.state.status not in _RUNNING:
        return []
    return [(port.host, port.protocol) for port in container.ports]


def _exposed(container: model.Container) -> list[tuple[int, str]]:
    """Those of -p and --expose."""
    pairs = (text.partition("/") for text in container.options.expose)
    said = [(int(port), protocol or "tcp") for port, _slash, protocol in pairs if port.isdigit()]
    return [*said, *((port.container, port.protocol) for port in (*container.ports, *container.options.ports))]


def _is_on(container: model.Container, network: str) -> bool:
    """By its name as it was asked for, or by the beginning of its id."""
    options = container.options
    names = {options.network, *(join.network for join in options.joins)}
    return network in names or any(network and place.network.startswith(network) for place in container.endpoints)
