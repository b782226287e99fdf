"""What the kernel refuses, in words for a person."""

import errno
from collections.abc import Callable

from engine import errors
from engine.cgroup.protocol import Setting


def of_setting(
    setting: Setting, err: OSError, figure: Callable[[str], str] = lambda _name: "unknown"
) -> errors.EngineError:
    """The kernel's refusal of a setting, in words."""
    code = err.errno or 0
    if code == errno.EBUSY and setting.controller == "memory":
        return too_little_memory(setting, figure("usage_in_bytes"), figure("max_usage_in_bytes"))
    if code in (errno.EINVAL, errno.ERANGE, errno.EACCES, errno.ENODEV, errno.ENXIO, errno.ENOSPC):
        return errors.InvalidInput(
            f"the kernel does not take {setting.value!r} as {setting.what} ({setting.file}: {err.strerror})",
            hint=_hint(setting.file),
            errno=code,
        )
    return errors.SetupFailed(f"cannot set the {setting.what} ({setting.file}): {err.strerror}", errno=code)


def too_little_memory(setting: Setting, usage: str, peak: str) -> errors.Conflict:
    """A memory limit below what is in use and cannot be given back."""
    return errors.Conflict(
        f"unable to set {setting.what} to {setting.value} (current usage: {usage}, peak usage: {peak})",
        hint="set a higher limit, or let the program free memory first",
        errno=errno.EBUSY,
    )


def not_freezing() -> errors.Conflict:
    """A process that does not freeze in time."""
    return errors.Conflict(
        "a process does not freeze: it waits for a device or a file system",
        hint="see what it does (qd top), and try again when it is through",
    )


def _hint(file: str) -> str:
    if file.startswith("memory"):
        return "memory and swap together (--memory-swap) must not be less than --memory; give both at once"
    if file.startswith("cpuset"):
        return "see what there is: lscpu, numactl -H; a list is written as 0-2,4"
    if file.startswith(("blkio", "io.")):
        return "a limit is for a whole disk, not for a partition: lsblk -o NAME,MAJ:MIN,TYPE"
    return "an outer limit of this host or container may be lower"
