"""A seccomp policy as a BPF program, by libseccomp or out of the cache. Standard library only; in the parent alone."""

import json
from typing import Any, Final

from engine import errors
from engine.kernel import seccomp as kernel
from engine.sandbox import libseccomp, seccomp_cache, seccomp_stub
from engine.sandbox.seccomp_rules import Policy
from engine.sandbox.seccomp_rules import parse as parse

OPTIMIZED_ABOVE: Final = 32
"""Rules from which a tree pays; libseccomp before 2.5.5 makes a wrong one of no rules at all."""


def program(policy: Policy, section: dict[str, Any], machine: str, cache: str | None) -> bytes:
    """The program of a policy, from the cache where it is there."""
    if cache is None:
        return build(policy)
    key = _key(section, machine)
    found = seccomp_cache.read(cache, key)
    if found is None:
        found = build(policy)
        seccomp_cache.write(cache, key, found)
    return found


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
    native = libseccomp.native()
    with libseccomp.Context(policy.default) as context:
        for token in tokens:
            context.add_architecture(token)
        if len(policy.rules) > OPTIMIZED_ABOVE:
            context.optimize()
        for rule in policy.rules:
            call = libseccomp.number(native, rule.name)
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
