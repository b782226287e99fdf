"""Parsers of /proc, and thin readers round them. Standard library only.

The parsers take text and never fail because of a line that a newer kernel added.
"""

import functools
import os
from typing import NamedTuple

from engine.kernel import files


class Mount(NamedTuple):
    """One line of mountinfo."""

    target: str
    """The mount point, as seen from the root of the process that was asked."""
    root: str
    """What of the file system is mounted there; / is all of it."""
    options: tuple[str, ...]
    """Of the mount: ro, nosuid, nodev, relatime ..."""
    kind: str
    """The type of the file system."""
    source: str
    super_options: tuple[str, ...]
    """Of the file system."""
    propagation: tuple[str, ...]
    """shared:N, master:N, propagate_from:N, unbindable; empty is private."""


class Stat(NamedTuple):
    """What of /proc/PID/stat tells one process from another."""

    state: str
    parent: int
    start_ticks: int
    """Since boot, in clock ticks; with the boot id it names a process for good."""


class Hierarchy(NamedTuple):
    """One line of /proc/PID/cgroup."""

    controllers: tuple[str, ...]
    """Empty for cgroup v2; name=NAME for a hierarchy without controllers."""
    path: str


def parse_mounts(text: str) -> list[Mount]:
    """Parse mountinfo.

    Source: proc_pid_mountinfo(5).
    """
    lines = (line.split(" ") for line in text.splitlines())
    return [mount for fields in lines if (mount := _mount(fields)) is not None]


def _mount(fields: list[str]) -> Mount | None:
    """The optional fields end at a lone dash, and three fields follow it."""
    if "-" not in fields[6:]:
        return None
    dash = fields.index("-", 6)
    if len(fields) < dash + 4:
        return None
    kind, source, super_options = fields[dash + 1 : dash + 4]
    return Mount(
        unescape(fields[4]),
        unescape(fields[3]),
        tuple(fields[5].split(",")),
        kind,
        unescape(source),
        tuple(super_options.split(",")),
        tuple(fields[6:dash]),
    )


def unescape(text: str) -> str:
    """Undo the octal escapes (\\040 ...) that mountinfo puts for blanks and backslashes."""
    head, *rest = text.split("\\")
    return head + "".join(_unescape_one(piece) for piece in rest)


def _unescape_one(piece: str) -> str:
    digits = piece[:3]
    if len(digits) == 3 and all(digit in "01234567" for digit in digits):
        return chr(int(digits, 8)) + piece[3:]
    return "\\" + piece


def parse_stat(text: str) -> Stat:
    """Parse /proc/PID/stat. The name in brackets may hold blanks and brackets itself, so it ends at the last one.

    Raises ValueError for a text without these fields.
    Source: proc_pid_stat(5), fields 3, 4 and 22.
    """
    fields = text.rpartition(")")[2].split()
    if len(fields) < 20:
        raise ValueError("not a /proc/PID/stat")
    return Stat(fields[0], int(fields[1]), int(fields[19]))


def parse_status(text: str) -> dict[str, str]:
    """Parse /proc/PID/status into key -> the rest of the line.

    Source: proc_pid_status(5).
    """
    pairs = (line.partition(":") for line in text.splitlines())
    return {key: value.strip() for key, colon, value in pairs if colon}


def inner_pid(status: dict[str, str]) -> int:
    """The pid in the innermost namespace, from `NSpid`; 0 where the kernel does not say."""
    numbers = status.get("NSpid", "").split()
    return int(numbers[-1]) if numbers else 0


def real_uid(status: dict[str, str]) -> int:
    """The real uid, as the reader's user namespace sees it."""
    return int(status["Uid"].split()[0])


def parse_cmdline(data: bytes) -> tuple[str, ...]:
    """Parse /proc/PID/cmdline; empty for a kernel thread or a zombie."""
    return tuple(os.fsdecode(argument) for argument in data.rstrip(b"\0").split(b"\0")) if data else ()


def parse_cgroups(text: str) -> list[Hierarchy]:
    """Parse /proc/PID/cgroup.

    Source: cgroups(7), "/proc files".
    """
    lines = (line.split(":", 2) for line in text.splitlines())
    return [Hierarchy(_controllers(fields[1]), fields[2]) for fields in lines if len(fields) == 3]


def _controllers(field: str) -> tuple[str, ...]:
    return tuple(field.split(",")) if field else ()


def read_mounts(pid: int | str = "self") -> list[Mount]:
    """The mounts that a process sees. Raises OSError."""
    return parse_mounts(files.read(f"/proc/{pid}/mountinfo"))


def read_cgroups(pid: int | str = "self") -> list[Hierarchy]:
    """The cgroups of a process. Raises OSError."""
    return parse_cgroups(files.read(f"/proc/{pid}/cgroup"))


def is_in_user_namespace() -> bool:
    """Whether this process sees other ids than the kernel does: /proc/PID/uid_map is not the whole range."""
    return files.read("/proc/self/uid_map").split() != ["0", "0", "4294967295"]


def read_stat(pid: int) -> Stat | None:
    """What /proc/PID/stat says; None where there is no such process."""
    try:
        return parse_stat(files.read(f"/proc/{pid}/stat"))
    except (FileNotFoundError, ProcessLookupError):
        return None


@functools.cache
def read_boot_id() -> str:
    """This boot of this kernel; it does not change while a process lives."""
    return files.read("/proc/sys/kernel/random/boot_id").strip()


def is_same_process(pid: int, start_ticks: int) -> bool:
    """Whether this pid is still the process that started then. A zombie is: its code has not been read."""
    stat = read_stat(pid)
    return stat is not None and stat.start_ticks == start_ticks
