"""`--device`, `--sysctl`: what of the machine a container gets."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.errors import InvalidInput

if TYPE_CHECKING:
    from engine.model import Device


def parse_device(text: str) -> "Device":
    """`HOST[:CONTAINER][:ACCESS]`. Raises `InvalidInput`."""
    from engine.model import Device

    source, *rest = text.split(":")
    access = rest.pop() if rest and _is_access(rest[-1]) else "rwm"
    if len(rest) > 1 or not all((source, *rest)):
        raise InvalidInput(f"'{text}' is no device", hint="--device /dev/fuse, or /dev/sda:/dev/disk:r")
    return Device(source=source, target=rest[0] if rest else source, access=access)


def _is_access(text: str) -> bool:
    return bool(text) and not set(text) - set("rwm")


def parse_sysctls(texts: Iterable[str]) -> dict[str, str]:
    """`NAME=VALUE` each. Raises `InvalidInput`."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise InvalidInput(f"'{text}' sets no kernel parameter", hint="such as net.core.somaxconn=1024")
        found[name] = value
    return found
