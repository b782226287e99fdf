"""`linux.seccomp` of the OCI runtime-spec, checked, as numbers. Pure; standard library only."""

import os
from typing import Any, Final, NamedTuple

from engine.errors import InvalidInput
from engine.sandbox import seccomp_names as names
from engine.sandbox.fields import a_list, is_text

RULES_MAX: Final = 1 << 14
"""Names times conditions; far above what fits into a program that the kernel takes."""
EPERM: Final = 1
_ERRNO_MAX: Final = 0xFFFF
_ARGUMENTS: Final = 6

Condition = tuple[int, int, int, int]
"""Argument from 0, operator, value, second value: for MASKED_EQ the mask and what it must leave."""


class Rule(NamedTuple):
    """What happens to a call."""

    name: str
    action: int
    conditions: tuple[Condition, ...]
    """All of them must hold."""


class Policy(NamedTuple):
    """A whole section."""

    default: int
    architectures: tuple[str, ...]
    """libseccomp's names, the machine's own always among them."""
    flags: int
    """SECCOMP_FILTER_FLAG_*; the listener's comes from `notify`."""
    rules: tuple[Rule, ...]
    """Those that say what the default action says are still among them: they name calls that the author knew."""
    notify: bool


def parse(section: dict[str, Any], machine: str, default_flags: int) -> Policy:
    """Check a section for a machine of uname(2). Raises `InvalidInput`.

    `default_flags` count where the section has no flags at all.
    """
    if not isinstance(section, dict):
        raise InvalidInput("linux.seccomp is not an object")
    default = action(section.get("defaultAction"), section.get("defaultErrnoRet"))
    if default == names.NOTIFY:
        raise InvalidInput("SCMP_ACT_NOTIFY cannot be used as default action")
    rules = tuple(rule for call in a_list(section, "syscalls") for rule in _rules(call))
    if len(rules) > RULES_MAX:
        raise InvalidInput(f"linux.seccomp has more than {RULES_MAX} rules")
    notify = any(rule.action == names.NOTIFY for rule in rules)
    _check_listener(section, rules, notify)
    architectures = _architectures(a_list(section, "architectures"), machine)
    return Policy(default, architectures, _flags(section, default_flags), rules, notify)


def action(name: Any, errno_ret: Any = None) -> int:
    """An action with its number. Raises `InvalidInput`."""
    number = names.ACTIONS.get(name) if isinstance(name, str) else None
    if number is None:
        raise InvalidInput(f"string {name} is not a valid action for seccomp", hint="such as SCMP_ACT_ERRNO")
    if errno_ret is None:
        return number | EPERM if number in names.WITH_ERRNO else number
    if number not in names.WITH_ERRNO:
        raise InvalidInput(f"the action {name} takes no errnoRet", hint="leave it out")
    return number | _whole(errno_ret, "errnoRet", _ERRNO_MAX)


def _rules(call: Any) -> list[Rule]:
    if not isinstance(call, dict):
        raise InvalidInput("an entry of seccomp.syscalls is not an object")
    found = action(call.get("action"), call.get("errnoRet"))
    conditions = [_condition(argument) for argument in a_list(call, "args")]
    groups = _groups(conditions)
    return [Rule(_name(name), found, group) for name in _names(call) for group in groups]


def _groups(conditions: list[Condition]) -> list[tuple[Condition, ...]]:
    """All conditions at once; where two of them ask the same argument each is a rule of its own, any of which counts.

    Filters of old were written so, and libseccomp takes an argument once a rule.
    """
    asked = [condition[0] for condition in conditions]
    if len(set(asked)) < len(asked):
        return [(condition,) for condition in conditions]
    return [tuple(conditions)]


def _names(call: dict[str, Any]) -> list[Any]:
    found = a_list(call, "names")
    if not found:
        raise InvalidInput("an entry of seccomp.syscalls names no call")
    return found


def _name(name: Any) -> str:
    if not is_text(name) or not name:
        raise InvalidInput("empty string is not a valid syscall" if name == "" else f"{name!r} is not a valid syscall")
    return name


def _condition(argument: Any) -> Condition:
    if not isinstance(argument, dict):
        raise InvalidInput("an entry of seccomp args is not an object")
    operator = names.OPERATORS.get(str(argument.get("op")))
    if operator is None:
        raise InvalidInput(f"string {argument.get('op')} is not a valid operator for seccomp")
    index = _whole(argument.get("index", 0), "index", _ARGUMENTS - 1)
    value, second = (_whole(argument.get(field) or 0, field, 2**64 - 1) for field in ("value", "valueTwo"))
    return index, operator, value, second


def _whole(value: Any, field: str, highest: int) -> int:
    if type(value) is not int or not 0 <= value <= highest:
        raise InvalidInput(f"seccomp: {field} must be a number from 0 to {highest}: {value!r}")
    return value


def _architectures(wanted: list[Any], machine: str) -> tuple[str, ...]:
    for name in wanted:
        if not isinstance(name, str) or name not in names.ARCHITECTURES:
            raise InvalidInput(f"string {name} is not a valid arch for seccomp", hint="such as SCMP_ARCH_X86_64")
    native = names.NATIVE.get(machine)
    every = dict.fromkeys([*([native] if native else []), *wanted])
    return tuple(names.ARCHITECTURES[name] for name in every)


def _flags(section: dict[str, Any], default: int) -> int:
    if section.get("flags") is None:
        return default
    flags = a_list(section, "flags")
    for flag in flags:
        if not isinstance(flag, str) or flag not in names.FLAGS:
            raise InvalidInput(f"seccomp flag {flag} is not known", hint=f"one of {', '.join(names.FLAGS)}")
    return sum(names.FLAGS[flag] for flag in set(flags))


def _check_listener(section: dict[str, Any], rules: tuple[Rule, ...], notify: bool) -> None:
    """The listener's number is told with write(2) before anybody listens, who could let that call pass."""
    path = section.get("listenerPath") or ""
    if section.get("listenerMetadata") and not path:
        raise InvalidInput("seccomp: listenerMetadata is set without listenerPath")
    if not notify:
        return
    if any(rule.name == "write" and rule.action == names.NOTIFY for rule in rules):
        raise InvalidInput("SCMP_ACT_NOTIFY cannot be used for the write syscall")
    if not isinstance(path, str) or not os.path.isabs(path):
        raise InvalidInput("seccomp: SCMP_ACT_NOTIFY needs a listenerPath, which is an absolute path")
