"""Seccomp: `linux.seccomp` as a BPF program, and the program around a container's. Standard library only.

    parent   compile()   checks the section, asks libseccomp for the program, or finds it in the cache
    child    load()      seccomp(2), as late as it may be: what comes after it must pass it

A container's own process never sees libseccomp: it gets the finished program. What compiles is imported when there is
something to compile.
"""

import json
import os
from typing import Any, Final, NamedTuple

from engine import errors
from engine.kernel import const
from engine.kernel import seccomp as kernel

_RECENT_MAX: Final = 8


class Filter(NamedTuple):
    """A program that judges calls."""

    program: bytes
    """`struct sock_filter` one after the other, as the kernel takes them."""
    flags: int
    """SECCOMP_FILTER_FLAG_*, the listener's included."""
    notify: bool
    """Somebody must listen: `load` returns a descriptor for it."""


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
    from engine.sandbox import seccomp_build

    policy = seccomp_build.parse(section, machine, const.SECCOMP_FILTER_FLAG_SPEC_ALLOW)
    flags = policy.flags | (const.SECCOMP_FILTER_FLAG_NEW_LISTENER if policy.notify else 0)
    if not policy.notify:
        flags &= ~const.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
    return Filter(seccomp_build.program(policy, section, machine, cache), flags, policy.notify)


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
    from engine.sandbox.seccomp_names import FLAGS

    return tuple(name for name, flag in FLAGS.items() if flag == 0 or kernel.knows_flags(_asked(flag)))


def _asked(flag: int) -> int:
    """WAIT_KILLABLE_RECV is refused without a listener."""
    wait = const.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
    return flag | const.SECCOMP_FILTER_FLAG_NEW_LISTENER if flag == wait else flag
