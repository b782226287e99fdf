"""`-p` and `--expose`.

80                      a free port of the host for port 80 of the container
8080:80                 8080 of every address of the host
127.0.0.1:8080:80       of one of them; [::1]:8080:80 of IPv6
127.0.0.1::80           a free one there
8000-8010:80            a free one of these
8000-8002:80-82         each for its own
53:53/udp               tcp where nothing is said; sctp is the third
"""

import re
from typing import TYPE_CHECKING, Final

from engine.errors import InvalidInput

if TYPE_CHECKING:
    from engine.model import Port

PROTOCOLS: Final = ("tcp", "udp", "sctp")
PORTS_MAX: Final = 1024
"""Published ones of one container: each is a socket or two of the engine, and a rule or two of the kernel."""
_LAST: Final = 65535
_RANGE: Final = r"([0-9]{1,5})(?:-([0-9]{1,5}))?"
_SPECIFICATION: Final = (
    r"(?:(?:\[(?P<six>[^\[\]]*)\]|(?P<four>[^:\[\]]*)):(?=[^:]*:))?(?:(?P<host>[^:\[\]]*):)?(?P<container>[^:\[\]]+)"
)
_HINT: Final = "-p 8080:80, -p 127.0.0.1:8080:80, -p '[::1]:8080:80', -p 8000-8002:80-82, -p 53:53/udp"


def parse_publish(text: str) -> "tuple[Port, ...]":
    """The ports that one `-p` asks for. Raises `InvalidInput`."""
    from engine.model import Port

    place, protocol = _protocol(text, text)
    found = re.fullmatch(_SPECIFICATION, place, re.ASCII)
    if found is None:
        raise InvalidInput(f"'{text}' is not a port to publish", hint=_hint(place))
    six = found["six"]
    if six is not None and ":" not in six:
        raise InvalidInput(f"'{text}' has brackets around what is no address of IPv6", hint=_HINT)
    address = _address(six or found["four"] or "", text)
    inside = _range(found["container"], text, first=1)
    return tuple(
        Port(container=container, protocol=protocol, host=host, last=last, address=address)
        for container, host, last in _pairs(inside, _range(found["host"], text), text)
    )


def parse_expose(text: str) -> tuple[str, ...]:
    """`80`, `80/udp`, `8000-8010/tcp`: PORT/PROTOCOL each. Raises `InvalidInput`."""
    ports, protocol = _protocol(text, text)
    found = re.fullmatch(_RANGE, ports, re.ASCII)
    if found is None:
        raise InvalidInput(f"'{text}' is not a port to expose", hint="--expose 80, --expose 8000-8010/udp")
    return tuple(f"{port}/{protocol}" for port in _range(ports, text, first=1))


def parse_private(text: str) -> tuple[int, str]:
    """One port of a container, as `qd port` takes it: `80`, `80/udp`. Raises `InvalidInput`."""
    port, protocol = _protocol(text, text)
    if not re.fullmatch(r"[0-9]{1,5}", port, re.ASCII) or not 0 < int(port) <= _LAST:
        raise InvalidInput(f"'{text}' is not a port of a container", hint="for example 80, 53/udp")
    return int(port), protocol


def _protocol(place: str, text: str) -> tuple[str, str]:
    ports, slash, protocol = place.partition("/")
    protocol = protocol.lower() if slash else "tcp"
    if protocol not in PROTOCOLS:
        raise InvalidInput(f"'{text}' has a protocol that there is not", hint=f"one of {', '.join(PROTOCOLS)}")
    return ports, protocol


def _address(address: str, text: str) -> str:
    """As Python writes it; empty for every address of the host."""
    if not address:
        return ""
    from ipaddress import ip_address

    try:
        found = ip_address(address)
    except ValueError:
        raise InvalidInput(f"'{address}' in '{text}' is not an address of the host", hint=_HINT) from None
    if getattr(found, "scope_id", None) or found.is_multicast:
        raise InvalidInput(f"ports cannot be published on '{address}'", hint=_HINT)
    return str(getattr(found, "ipv4_mapped", None) or found)


def _range(ports: str | None, text: str, first: int = 0) -> range:
    """Empty for none: the host's may be left out, and so may they with 0."""
    if not ports:
        return range(0)
    found = re.fullmatch(_RANGE, ports, re.ASCII)
    if found is None:
        raise InvalidInput(f"'{ports}' in '{text}' is not a port", hint=_HINT)
    begin, end = int(found[1]), int(found[2] or found[1])
    if not first <= begin <= end <= _LAST or (begin == 0 and end):
        raise InvalidInput(
            f"'{ports}' in '{text}' is no port or range of ports", hint="ports are 1 to 65535, the lower one first"
        )
    return range(begin, end + 1) if end else range(0)


def _pairs(inside: range, outside: range, text: str) -> list[tuple[int, int, int]]:
    """(container's, host's, last one of the host's that would do) each."""
    if len(inside) > PORTS_MAX:
        raise InvalidInput(f"'{text}' is more than {PORTS_MAX} ports", hint="--network host needs none to be published")
    if not outside:
        return [(port, 0, 0) for port in inside]
    if len(inside) == 1:
        return [(inside[0], outside[0], outside[-1] if len(outside) > 1 else 0)]
    if len(inside) != len(outside):
        raise InvalidInput(f"the ranges in '{text}' are not equally long", hint="-p 8000-8002:80-82")
    return [(port, outside[place], 0) for place, port in enumerate(inside)]


def _hint(place: str) -> str:
    if place.count(":") > 2 and "[" not in place:
        return "an address of IPv6 has brackets: -p '[::1]:8080:80'"
    return _HINT
