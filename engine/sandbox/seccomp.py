"""Seccomp: `linux.seccomp` as a BPF program, and the program around a container's. Standard library only.

    parent   compile()   checks the section, asks libseccomp for the program, or finds it in the cache
    child    load()      seccomp(2), as late as it may be: what comes after it must pass it

A container's own process never sees libseccomp: it gets the finished program.
"""

import json
import os
from typing import Any, Final, NamedTuple

from engine import errors
from engine.kernel import const
from engine.kernel import seccomp as kernel
from engine.sandbox import libseccomp, seccomp_cache, seccomp_names, seccomp_rules, seccomp_stub
from engine.sandbox.seccomp_rules import Policy

OPTIMIZED_ABOVE: Final = 32
"""Rules from which a tree pays; libseccomp before 2.5.5 makes a wrong one of no rules at all."""


class Filter(NamedTuple):
    """A program that judges calls."""

    program: bytes
    """`struct sock_filter` one after the other, as the kernel takes them."""
    flags: int
    """SECCOMP_FILTER_FLAG_*, the listener's included."""
    notify: bool
    """Somebody must listen: `load` returns a descriptor for it."""


_RECENT_MAX: Final = 8
_recent: dict[str, Filter] = {}
"""Section -> filter: the keeper starts many containers under one policy."""


def compile(section: dict[str, Any], cache: str | None = None, arch: str = "") -> Filter:
    """The filter of a section; `cache` is a folder of the engine's own, `arch` a machine of uname(2), else this one.

    Raises `InvalidInput` for a section that is wrong, `MissingFeature` without libseccomp.
    """
    machine = arch or os.uname().machine
    asked = json.dumps([machine, section])
    if (found := _recent.get(asked)) is not None:
        return found
    made = _compile(section, cache, machine)
    if len(_recent) >= _RECENT_MAX:
        _recent.clear()
    return _recent.setdefault(asked, made)


def _compile(section: dict[str, Any], cache: str | None, machine: str) -> Filter:
    policy = seccomp_rules.parse(section, machine, const.SECCOMP_FILTER_FLAG_SPEC_ALLOW)
    flags = policy.flags | (const.SECCOMP_FILTER_FLAG_NEW_LISTENER if policy.notify else 0)
    if not policy.notify:
        flags &= ~const.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
    return Filter(_program(policy, section, machine, cache), flags, policy.notify)


def _program(policy: Policy, section: dict[str, Any], machine: str, cache: str | None) -> bytes:
    if cache is None:
        return build(policy)
    key = _key(section, machine)
    program = seccomp_cache.read(cache, key)
    if program is None:
        program = build(policy)
        seccomp_cache.write(cache, key, program)
    return program


def _key(section: dict[str, Any], machine: str) -> bytes:
    """Everything that the program depends on. The flags and the listener are no part of it."""
    relevant = {name: section.get(name) for name in ("defaultAction", "defaultErrnoRet", "architectures", "syscalls")}
    text = json.dumps([libseccomp.version(), machine, relevant], sort_keys=True, separators=(",", ":"))
    return text.encode()


def build(policy: Policy) -> bytes:
    """The program of a policy, made anew. Raises `SetupFailed` where it has no room in the kernel."""
    tokens = {name: libseccomp.architecture(name) for name in policy.architectures}
    program = _stub(policy, list(tokens.values())) + _own(policy, list(tokens.values()))
    if len(program) > kernel.INSTRUCTIONS_MAX * kernel.INSTRUCTION_BYTES:
        raise errors.SetupFailed("the seccomp filter is too long for the kernel", hint="give it fewer rules")
    return program


def _own(policy: Policy, tokens: list[int]) -> bytes:
    with libseccomp.Context(policy.default) as context:
        for token in tokens:
            context.add_architecture(token)
        if len(policy.rules) > OPTIMIZED_ABOVE:
            context.optimize()
        for rule in policy.rules:
            call = libseccomp.number(tokens[0], rule.name)
            if rule.action != policy.default and call != libseccomp.UNKNOWN:
                context.add_rule(rule.action, call, rule.conditions, rule.name)
        return context.program()


def _stub(policy: Policy, tokens: list[int]) -> bytes:
    """Named is named, also by a rule that says what the default says."""
    if not seccomp_stub.is_needed(policy.default):
        return b""
    called = {rule.name for rule in policy.rules}
    return seccomp_stub.stub(
        {token: max((libseccomp.number(token, name) for name in called), default=0) for token in tokens}
    )


def load(wanted: Filter) -> int | None:
    """Put this process under the filter; the listener's descriptor, close-on-exec, where somebody must listen.

    Needs no_new_privs or CAP_SYS_ADMIN. Raises `SetupFailed`.
    """
    try:
        listener = kernel.set_filter(wanted.program, wanted.flags)
    except OSError as err:
        words = os.strerror(err.errno or 0).lower()
        raise errors.SetupFailed(f"error loading seccomp filter into kernel: {words}", errno=err.errno or 0) from err
    return listener if wanted.notify else None


def supported_flags() -> tuple[str, ...]:
    """The names of the flags that this kernel knows."""
    named = seccomp_names.FLAGS.items()
    return tuple(name for name, flag in named if flag == 0 or kernel.knows_flags(_asked(flag)))


def _asked(flag: int) -> int:
    """WAIT_KILLABLE_RECV is refused without a listener."""
    wait = const.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
    return flag | const.SECCOMP_FILTER_FLAG_NEW_LISTENER if flag == wait else flag
