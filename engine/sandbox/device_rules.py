"""The devices that every container may use, as rules of its cgroup. Pure; standard library only."""

from typing import Any, Final

_ALLOWED: Final = (
    ("c", None, None, "m"),
    ("b", None, None, "m"),
    ("c", 1, 3, "rwm"),
    ("c", 1, 5, "rwm"),
    ("c", 1, 7, "rwm"),
    ("c", 1, 8, "rwm"),
    ("c", 1, 9, "rwm"),
    ("c", 5, 0, "rwm"),
    ("c", 5, 1, "rwm"),
    ("c", 5, 2, "rwm"),
    ("c", 136, None, "rwm"),
)
"""(type, major, minor, access): any node may be made, and null, zero, full, random, urandom, tty, console, ptmx and the
terminals of devpts be used. Source: OCI runtime-spec 1.2, config-linux.md, "Default Devices"; devices.txt."""


def allowed() -> list[dict[str, Any]]:
    """What every container may use."""
    return [rule(*entry) for entry in _ALLOWED]


def rule(kind: str, major: int | None, minor: int | None, access: str) -> dict[str, Any]:
    """One rule that allows; None is any number."""
    numbers = {"major": major, "minor": minor}
    known = {key: number for key, number in numbers.items() if number is not None}
    return {"allow": True, "type": kind, **known, "access": access}
