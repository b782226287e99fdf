"""AppArmor profile and SELinux label of a program. Standard library only.

Both are left with the kernel for the next exec(2), through /proc/self/attr of the host: it is written while that is
still there, since a container's /proc may be anything.
"""

import os
from typing import Final

from engine import errors
from engine.kernel import files

_ATTRIBUTES: Final = "/proc/thread-self/attr"


def check(apparmor: str, selinux: str) -> None:
    """Raises `MissingFeature` for a label that this kernel cannot apply."""
    if apparmor and not apparmor_enabled():
        raise errors.MissingFeature(
            f"unable to apply apparmor profile {apparmor!r}: apparmor: config provided but apparmor not supported",
            hint="the kernel has no AppArmor, or it is off: leave apparmorProfile out",
        )
    if selinux and not selinux_enabled():
        raise errors.MissingFeature(
            "selinux label is specified in config, but selinux is disabled or not supported",
            hint="leave selinuxLabel out",
        )


def apparmor_enabled() -> bool:
    """Whether the kernel has AppArmor, and it is on. Source: apparmor(7), AA_SOMETIMES_ENABLED of its library."""
    return _first("/sys/module/apparmor/parameters/enabled") == "Y" and os.path.isdir("/sys/kernel/security/apparmor")


def selinux_enabled() -> bool:
    """Whether SELinux is on: only then its file system is mounted."""
    return os.path.exists("/sys/fs/selinux/enforce")


def _first(path: str) -> str:
    try:
        return files.read(path)[:1]
    except OSError:
        return ""


def on_exec(apparmor: str, selinux: str) -> None:
    """Label the program that this process executes next. Raises `SetupFailed`."""
    if apparmor:
        path = f"{_ATTRIBUTES}/apparmor/exec"
        own = path if os.path.exists(path) else f"{_ATTRIBUTES}/exec"
        _write(own, f"exec {apparmor}", f"unable to apply apparmor profile {apparmor!r}")
    if selinux:
        _write(f"{_ATTRIBUTES}/exec", selinux, f"can't set process label {selinux!r}")


def on_keyrings(selinux: str) -> None:
    """Label the keyrings that this process makes; an empty label takes it back. Raises `SetupFailed`."""
    _write(f"{_ATTRIBUTES}/keycreate", selinux, f"can't set the label of keyrings to {selinux!r}")


def _write(path: str, text: str, failure: str) -> None:
    try:
        files.write(path, text)
    except OSError as err:
        number = err.errno or 0
        message = f"{failure}: {os.strerror(number).lower()}"
        raise errors.SetupFailed(message, hint="is it loaded? see aa-status or seinfo", errno=number) from err
