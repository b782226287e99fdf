"""HEALTHCHECK, as Docker keeps it in an image's config.

Source: Dockerfile reference, "HEALTHCHECK"; OCI image-spec leaves the field to Docker.
"""

import re
from typing import Any, Final

from engine.errors import InvalidInput
from engine.image.dockerfile.lines import json_words

_HINT: Final = "for example: HEALTHCHECK --interval=30s CMD curl -f http://localhost/; or HEALTHCHECK NONE"
_UNITS_NS: Final = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ns|us|µs|ms|s|m|h)", re.ASCII)
_DURATION: Final = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)
_SHORTEST_NS: Final = 10**6
_FLAGS: Final = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start-period": "StartPeriod",
    "start-interval": "StartInterval",
}


def parse(rest: str) -> dict[str, Any]:
    """`{"Test": [...], "Interval": ns, ...}`. Raises InvalidInput."""
    fields: dict[str, Any] = {}
    while rest.startswith("--"):
        flag, _, rest = rest.partition(" ")
        rest = rest.lstrip()
        fields |= _flag(flag)
    kind, *command = rest.split(None, 1)[:2] or [""]
    return {"Test": _test(kind.upper(), command[0] if command else "", fields), **fields}


def _flag(text: str) -> dict[str, int]:
    name, _, value = text[2:].partition("=")
    if name == "retries" and re.fullmatch("[0-9]{1,9}", value, re.ASCII):
        return {"Retries": int(value)}
    if name in _FLAGS and _DURATION.fullmatch(value):
        nanoseconds = sum(int(float(number) * _UNITS_NS[unit]) for number, unit in _PART.findall(value))
        if nanoseconds >= _SHORTEST_NS or nanoseconds == 0:
            return {_FLAGS[name]: nanoseconds}
    raise InvalidInput(f"{text[:60]!r} is no option of a health check", hint=_HINT)


def _test(kind: str, command: str, options: dict[str, Any]) -> list[str]:
    if kind == "NONE" and not command and not options:
        return ["NONE"]
    if kind == "CMD" and command:
        words = json_words(command)
        return ["CMD-SHELL", command] if words is None else ["CMD", *words]
    raise InvalidInput("a health check is a CMD with a command, or NONE alone", hint=_HINT)
