"""What an image says of how it is run, out of the OCI image config, which is a stranger's document.

Source: OCI image-spec 1.1, config.md.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from engine.errors import InvalidInput

STRINGS_MAX: Final = 4096
"""How many arguments or variables an image may bring; more is an attack, or a mistake."""
VOLUMES_MAX: Final = 64
PORTS_MAX: Final = 256
_PORT: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?")
LENGTH_MAX: Final = 128 << 10
"""Bytes of one of them; the kernel's own bound (MAX_ARG_STRLEN)."""


class Settings(NamedTuple):
    """The part of the config that a container starts from; empty where the image says nothing."""

    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    env: tuple[str, ...]
    workdir: str
    user: str
    volumes: tuple[str, ...] = ()
    """Where a container has a volume."""
    ports: tuple[str, ...] = ()
    """80/tcp each: what the program listens on, by its own account."""


def read(config: dict[str, Any]) -> Settings:
    """The settings of an image config. Raises `InvalidInput` where a field is not what it must be."""
    found = config.get("config") or {}
    if not isinstance(found, dict):
        raise InvalidInput("the image's config is not an object")
    return Settings(
        _strings(found, "Entrypoint"),
        _strings(found, "Cmd"),
        _strings(found, "Env"),
        _string(found, "WorkingDir"),
        _string(found, "User"),
        _keys(found, "Volumes"),
        tuple(port for text in _keys(found, "ExposedPorts", PORTS_MAX) for port in _ports(text)),
    )


def _ports(text: str) -> Iterator[str]:
    """80, 80/udp, 8000-8010/tcp -> one with its protocol each."""
    match = _PORT.fullmatch(text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if match is None or not 0 < first <= last < 1 << 16 or last - first >= PORTS_MAX:
        raise InvalidInput(f"ExposedPorts of the image's config has {text[:40]!r}, which is no port")
    for number in range(first, last + 1):
        yield f"{number}/{match[3] or 'tcp'}"


def _keys(config: dict[str, Any], field: str, most: int = VOLUMES_MAX) -> tuple[str, ...]:
    values = config.get(field) or {}
    if not isinstance(values, dict) or len(values) > most:
        raise InvalidInput(f"{field} of the image's config is not an object of at most {most} keys")
    return tuple(_checked(key, field) for key in values)


def _strings(config: dict[str, Any], field: str) -> tuple[str, ...]:
    values = config.get(field) or []
    if not isinstance(values, list) or len(values) > STRINGS_MAX:
        raise InvalidInput(f"{field} of the image's config is not a list of at most {STRINGS_MAX} strings")
    return tuple(_checked(value, field) for value in values)


def _string(config: dict[str, Any], field: str) -> str:
    return _checked(config.get(field) or "", field)


def _checked(value: Any, field: str) -> str:
    """No NUL: it would cut the string short on its way into the kernel."""
    if not isinstance(value, str) or "\0" in value or len(value) > LENGTH_MAX:
        raise InvalidInput(f"{field} of the image's config is not a string that can be passed to a program")
    return value
