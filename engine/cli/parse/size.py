"""Sizes in Docker's binary units, plain numbers, and rates of devices."""

import re
from typing import TYPE_CHECKING, Final

from engine.errors import InvalidInput

if TYPE_CHECKING:
    from engine.model import DeviceRate

_SIZE: Final = re.compile(r"(\d{1,18}(?:\.\d{1,9})?) ?([kmgtp]?)i?b?", re.IGNORECASE | re.ASCII)
_POWER: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
MAX_BYTES: Final = (1 << 63) - 1


def parse_size(text: str) -> int:
    """Bytes: `64m`, `1.5g`, `512k`, `1GiB`, `4096`; units count in 1024. Raises `InvalidInput`."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(f"'{text}' is not a size", hint="a number and a unit: 512k, 64m, 1.5g")
    size = int(float(match[1]) * 1024 ** _POWER[match[2].lower()]) if "." in match[1] else _whole(match)
    if size > MAX_BYTES:
        raise InvalidInput(f"the size '{text}' is larger than any machine", hint="at most 8191p")
    return size


def parse_swap(text: str) -> int:
    """Bytes of memory and swap together, or -1 for no limit. Raises `InvalidInput`."""
    return -1 if text.strip() == "-1" else parse_size(text)


def parse_device_bytes(text: str) -> "DeviceRate":
    """`/dev/vda:10m`: bytes per second of a device. Raises `InvalidInput`."""
    from engine.model import DeviceRate

    path, rate = _device(text, "/dev/vda:10m")
    return DeviceRate(path=path, rate=parse_size(rate))


def parse_device_operations(text: str) -> "DeviceRate":
    """`/dev/vda:1000`: operations per second of a device. Raises `InvalidInput`."""
    from engine.model import DeviceRate

    path, rate = _device(text, "/dev/vda:1000")
    if not re.fullmatch(r"[0-9]{1,18}", rate):
        raise InvalidInput(f"'{rate}' in '{text}' is not a number", hint="operations per second: /dev/vda:1000")
    return DeviceRate(path=path, rate=int(rate))


def _whole(match: re.Match[str]) -> int:
    """Without a fraction: exact, where a float would round."""
    size: int = int(match[1]) * 1024 ** _POWER[match[2].lower()]
    return size


def _device(text: str, example: str) -> tuple[str, str]:
    path, colon, rate = text.rpartition(":")
    if not colon or not path.startswith("/") or "\0" in path:
        raise InvalidInput(f"'{text}' is not a device and its rate", hint=f"for example {example}")
    return path, rate
