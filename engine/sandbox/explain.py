"""A failed kernel call in words: what could not be done, and what helps. Pure; standard library only."""

import errno
import os
from typing import Final

from engine import errors
from engine.kernel import const

NAMESPACES: Final = {
    const.CLONE_NEWUSER: "user",
    const.CLONE_NEWTIME: "time",
    const.CLONE_NEWPID: "pid",
    const.CLONE_NEWNS: "mount",
    const.CLONE_NEWIPC: "ipc",
    const.CLONE_NEWUTS: "uts",
    const.CLONE_NEWNET: "network",
    const.CLONE_NEWCGROUP: "cgroup",
}
"""Flag -> the name that the OCI runtime-spec gives to the namespace."""
_SYSCTLS: Final = {"network": "net", "mount": "mnt"}
PRIVILEGE_HINT: Final = "run as root with CAP_SYS_ADMIN; inside another container: docker run --privileged"

WITHOUT_USER_NAMESPACE: Final = "qd runs a container without one of its own with --userns host"


def step(description: str, err: OSError) -> errors.EngineError:
    """The error of one step of the set-up; `description` follows the word "cannot"."""
    number = err.errno or 0
    message = f"cannot {description}: {_words(err)}"
    if number in (errno.EPERM, errno.EACCES):
        return errors.MissingFeature(message, hint=PRIVILEGE_HINT, errno=number)
    if number == errno.ENODEV:
        return errors.MissingFeature(message, hint="the kernel lacks this file system: modprobe overlay", errno=number)
    if number == errno.ENOSYS:
        return errors.MissingFeature(message, hint="Linux 5.12 or newer is needed", errno=number)
    if number == errno.ENOSPC:
        return errors.SetupFailed(message, hint="free some space, or raise /proc/sys/fs/mount-max", errno=number)
    return errors.SetupFailed(message, hint=HINTS.get(number, ""), errno=number)


def namespace(name: str, err: OSError) -> errors.EngineError:
    """A namespace that cannot be made."""
    number = err.errno or 0
    message = f"cannot make the container's {name} namespace: {_words(err)}"
    if number in (errno.ENOSPC, errno.EUSERS):
        key = f"user.max_{_SYSCTLS.get(name, name)}_namespaces"
        return errors.SetupFailed(message, hint=f"their number is limited: sysctl -w {key}=10000", errno=number)
    if name == "user" and number in (errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOSYS):
        return errors.MissingFeature(message, hint=WITHOUT_USER_NAMESPACE, errno=number)
    if number in (errno.EPERM, errno.EACCES):
        return errors.MissingFeature(message, hint=PRIVILEGE_HINT, errno=number)
    if number in (errno.EINVAL, errno.ENOSYS):
        return errors.MissingFeature(message, hint="the kernel was built without these namespaces", errno=number)
    return errors.SetupFailed(message, hint=HINTS.get(number, ""), errno=number)


HINTS: Final = {
    errno.ENOENT: "it is missing on this host, or was removed after the container was made",
    errno.ENOMEM: "the host is out of memory",
    errno.EAGAIN: "the host's limit of processes is reached: see ulimit -u and the pids cgroup",
    errno.EMFILE: "the engine's limit of open files is reached: raise ulimit -n before it starts",
    errno.ELOOP: "the image has a symbolic link in this place",
    errno.ENOTDIR: "the image has a file where a directory must be",
    errno.EROFS: "the image's root is read-only, and the directory is not in it",
}


def _words(err: OSError) -> str:
    """`mount: permission denied`, without paths of descriptors that mean nothing to a reader."""
    text = (err.strerror or os.strerror(err.errno or 0)) if err.errno else str(err)
    call, colon, words = text.rpartition(": ")
    return f"{call}{colon}{words[:1].lower()}{words[1:]}"
