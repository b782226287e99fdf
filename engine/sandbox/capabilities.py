"""Capabilities by name, and sets of them as bit masks. Pure; standard library only."""

from collections.abc import Iterable
from typing import Final

from engine import errors

NAMES: Final = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
)
"""In the order of their numbers. Source: capabilities(7), linux/capability.h."""

DEFAULT: Final = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
)
"""What a container has unless it asks for more or less: what Docker's documentation lists without CAP_NET_RAW, with
which a container could pretend to be its neighbour on a network. ping(8) needs none: net.ipv4.ping_group_range."""

_NUMBERS: Final = {name: number for number, name in enumerate(NAMES)}
_ALL: Final = "CAP_ALL"


def canonical(name: str) -> str:
    """The kernel's name for one written with or without CAP_, in any case. Raises `InvalidInput`."""
    upper = name.strip().upper()
    full = upper if upper.startswith("CAP_") else f"CAP_{upper}"
    if full not in _NUMBERS and full != _ALL:
        raise errors.InvalidInput(
            f"{name!r} is not a capability", hint="see capabilities(7) for their names, such as NET_ADMIN, or use ALL"
        )
    return full


def combine(add: Iterable[str], drop: Iterable[str]) -> tuple[str, ...]:
    """The default set with some added and some dropped, in the kernel's order.

    ALL on one side is the starting point and the names on the other side are exceptions, as with Docker: what is both
    added and dropped is dropped, except that a name added to `--cap-drop ALL` is kept.
    Raises `InvalidInput`.
    """
    added = {canonical(name) for name in add}
    dropped = {canonical(name) for name in drop}
    if _ALL in added:
        kept = set(NAMES) - dropped
    elif _ALL in dropped:
        kept = added
    else:
        kept = (set(DEFAULT) | added) - dropped
    return tuple(name for name in NAMES if name in kept)


def mask(names: Iterable[str]) -> int:
    """Names as a bit mask. Raises `InvalidInput`."""
    return sum(1 << _NUMBERS[name] for name in {canonical(name) for name in names} - {_ALL})


def known(names: Iterable[str]) -> int:
    """Names of the OCI runtime-spec as a bit mask; what is not the kernel's own name of one is passed over."""
    return sum(1 << _NUMBERS[name] for name in set(names) if name in _NUMBERS)


def names(bits: int) -> tuple[str, ...]:
    """A bit mask as names; bits of capabilities newer than these are left out."""
    return tuple(name for number, name in enumerate(NAMES) if bits >> number & 1)
