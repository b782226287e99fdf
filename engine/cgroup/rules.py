"""Rules of `linux.resources.devices`: which devices a container may make, read and write. Pure.

Source: OCI runtime-spec 1.2, config-linux.md, "Device cgroup".
"""

from typing import Any, Final, NamedTuple

from engine.cgroup import fields
from engine.errors import InvalidInput

ACCESS: Final = "rwm"
_NUMBER_MAX: Final = (1 << 31) - 1


class Rule(NamedTuple):
    """One rule; of several that fit a device, the last counts."""

    allow: bool
    kind: str
    """c, b, or a for both."""
    major: int | None
    """None is any."""
    minor: int | None
    access: str
    """Letters of "rwm"."""

    @property
    def is_all(self) -> bool:
        """Whether it is about everything, so that nothing before it counts."""
        return self.kind == "a" and self.major is None and self.minor is None

    def text(self) -> str:
        """As v1's files take it; with `a` the kernel takes no numbers. Source: cgroup-v1/devices.rst."""
        if self.kind == "a":
            return "a"
        numbers = ("*" if number is None else str(number) for number in (self.major, self.minor))
        return f"{self.kind} {':'.join(numbers)} {self.access}"


DENY_ALL: Final = Rule(False, "a", None, None, ACCESS)


def parse(given: list[dict[str, Any]]) -> list[Rule]:
    """The rules that mean something, in their order. Raises InvalidInput."""
    found = [_rule(entry) for entry in given]
    return [rule for rule in found if rule.access]


def _rule(entry: dict[str, Any]) -> Rule:
    """Without a type it is about all; a letter that is no access is passed over, as runc does."""
    kind = fields.text(entry, "type") or "a"
    if kind == "u":
        kind = "c"
    if kind not in ("a", "b", "c"):
        raise InvalidInput(f"{kind[:20]!r} is no type of a device", hint="c, b or a")
    asked = fields.text(entry, "access")
    access = "".join(letter for letter in ACCESS if letter in (asked or ACCESS))
    return Rule(entry.get("allow") is True, kind, _number(entry, "major"), _number(entry, "minor"), access)


def _number(entry: dict[str, Any], key: str) -> int | None:
    """Below 0 is any."""
    value = fields.number(entry, key)
    if value is not None and value > _NUMBER_MAX:
        raise InvalidInput(f"no device has the {key} number {value}")
    return None if value is None or value < 0 else value
