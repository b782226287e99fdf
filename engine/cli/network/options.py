"""`-o KEY=VALUE` of `qd network create`: our words, podman's and Docker's long ones."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from engine.errors import InvalidInput

_SHORT: Final = {
    "com.docker.network.driver.mtu": "mtu",
    "macvlan_mode": "mode",
    "ipvlan_mode": "mode",
    "com.docker.network.enable_ipv6": "ipv6",
}
_KNOWN: Final = ("parent", "mode", "mtu", "isolate", "internal", "ipv6")
_TRUE: Final = {"true": True, "1": True, "": True, "false": False, "0": False, "strict": True}
"""`isolate=strict` is podman's."""


class DriverOptions(NamedTuple):
    """What they say."""

    parent: str = ""
    mode: str = ""
    mtu: int = 0
    isolate: bool = True
    internal: bool = False
    ipv6: bool = False


def driver_options(texts: Iterable[str], driver: str) -> DriverOptions:
    """Parse them. Raises `InvalidInput`."""
    words: dict[str, str] = {}
    for text in texts:
        key, _equals, value = text.partition("=")
        name = _SHORT.get(key, key)
        if name not in _KNOWN or (key.endswith("_mode") and not key.startswith(driver)):
            raise InvalidInput(f"the driver {driver} has no option {key[:64]!r}", hint=f"one of {', '.join(_KNOWN)}")
        words[name] = value
    return DriverOptions(
        parent=words.get("parent", ""),
        mode=words.get("mode", ""),
        mtu=_number(words.get("mtu", "0")),
        **{name: _truth(name, words[name]) for name in ("isolate", "internal", "ipv6") if name in words},
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidInput(f"{text[:64]!r} is no MTU", hint="bytes: mtu=1400")
    return int(text)


def _truth(name: str, text: str) -> bool:
    if text not in _TRUE:
        raise InvalidInput(f"{name}={text[:64]} is neither true nor false", hint=f"{name}=true or {name}=false")
    return _TRUE[text]
