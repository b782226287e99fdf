"""Device rules as a program that guards a v2 cgroup: it is asked for each open(2) and mknod(2), and says 1 or 0.

The rules are tried from the last to the first, so the last that fits counts; what none allows is denied. A rule that
allows fits if it has every access that is asked for, one that denies if it has any. Two rules that allow the same
device are one, so that "r" and then "w" allow to open for both, as on v1.
Source: linux/bpf.h, struct bpf_cgroup_dev_ctx: access << 16 | type, major, minor, 32 bits each.
"""

import os
from typing import Any, Final

from engine.cgroup import rules
from engine.cgroup.rules import Rule
from engine.kernel import bpf

_ACCESS: Final = {"m": bpf.BPF_DEVCG_ACC_MKNOD, "r": bpf.BPF_DEVCG_ACC_READ, "w": bpf.BPF_DEVCG_ACC_WRITE}
_KINDS: Final = {"b": bpf.BPF_DEVCG_DEV_BLOCK, "c": bpf.BPF_DEVCG_DEV_CHAR}
_ALL: Final = sum(_ACCESS.values())
_RESULT, _CONTEXT, _KIND, _ASKED, _MAJOR, _MINOR, _SCRATCH = 0, 1, 2, 3, 4, 5, 6
_START: Final = (
    bpf.load_word(_KIND, _CONTEXT, 0),
    bpf.mask(_KIND, 0xFFFF),
    bpf.load_word(_ASKED, _CONTEXT, 0),
    bpf.shift_right(_ASKED, 16),
    bpf.load_word(_MAJOR, _CONTEXT, 4),
    bpf.load_word(_MINOR, _CONTEXT, 8),
)


def attach(cgroup: str, given: list[dict[str, Any]]) -> None:
    """Guard a cgroup by `linux.resources.devices`. Raises InvalidInput, and OSError where the kernel refuses."""

    if allows_all(given):
        return
    program = bpf.load_device_program(assemble(rules.parse(given)))
    try:
        bpf.attach_device_program(cgroup, program)
    finally:
        os.close(program)


def allows_all(given: list[dict[str, Any]]) -> bool:
    """Whether no program is needed."""
    found = merged(rules.parse(given))
    return len(found) == 1 and found[0].allow and _is_whole(found[0])


def assemble(given: list[Rule]) -> bytes:
    """The program. A rule about everything is its end: the kernel refuses instructions that nothing leads to."""
    found = merged(given)
    first = found.pop(0) if found and _is_whole(found[0]) else rules.DENY_ALL
    blocks = [block for rule in reversed(found) for block in _block(rule)]
    return b"".join((*_START, *blocks, bpf.move_number(_RESULT, int(first.allow)), bpf.leave()))


def _is_whole(rule: Rule) -> bool:
    return rule.is_all and rule.access == rules.ACCESS


def merged(given: list[Rule]) -> list[Rule]:
    """Without what a rule about everything makes void, and with one rule for neighbours that allow the same device."""
    found: list[Rule] = []
    for rule in given:
        if _is_whole(rule):
            found = []
        same = _mergeable(found, rule)
        if same is not None:
            both = rule.access + found.pop(same).access
            rule = rule._replace(access="".join(letter for letter in rules.ACCESS if letter in both))
        found.append(rule)
    return found


def _mergeable(found: list[Rule], rule: Rule) -> int | None:
    """The place of a rule for the same device, if no denial stands between."""
    if not rule.allow:
        return None
    for place in range(len(found) - 1, -1, -1):
        if not found[place].allow:
            return None
        if found[place][1:4] == rule[1:4]:
            return place
    return None


def _block(rule: Rule) -> list[bytes]:
    """Every test that fails leads behind the block."""
    access = sum(_ACCESS[letter] for letter in rule.access)
    tests: list[tuple[int, int]] = []
    if rule.kind in _KINDS:
        tests.append((_KIND, _KINDS[rule.kind]))
    tests += [(r, n) for r, n in ((_MAJOR, rule.major), (_MINOR, rule.minor)) if n is not None]
    tail = [] if access == _ALL else _access_test(rule.allow, access)
    end = [bpf.move_number(_RESULT, int(rule.allow)), bpf.leave()]
    size = len(tests) + len(tail) + len(end)
    head = [bpf.unless_number(register, number, size - place - 1) for place, (register, number) in enumerate(tests)]
    return [*head, *tail, *end]


def _access_test(allow: bool, access: int) -> list[bytes]:
    """To allow, nothing may be asked for that the rule does not have; to deny, anything that it has."""
    taken = [bpf.move(_SCRATCH, _ASKED), bpf.mask(_SCRATCH, access)]
    return [*taken, bpf.unless_same(_SCRATCH, _ASKED, 2) if allow else bpf.if_number(_SCRATCH, 0, 2)]
