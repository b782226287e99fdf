"""What a test may need of the machine. A test that cannot run skips and names what is missing.

    @pytest.mark.requires("memory controller", "two cpus")

An unknown requirement is an error, or a typing mistake would skip a test for ever.
"""

import functools
import importlib.util
import os
import shutil
from collections.abc import Callable

import pytest

PROGRAMS = """
tmux skopeo nft ip ss ping setpriv unshare ipcmk ipcs ipcrm ps podman crun capsh nsenter busybox dockerd
docker-registry htpasswd openssl umoci buildah setfattr iptables-nft iptables-legacy ufw firewalld dbus-daemon
tar bsdtar gzip zstd xz bzip2 getent dig
""".split()
CONTROLLERS = ("cpu", "cpuset", "memory", "pids", "blkio", "freezer", "devices")


def requires(*names: str) -> None:
    """Skip the running test unless the machine has all of these. Raises LookupError for an unknown name."""
    missing = [name for name in names if not _check(name)()]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")


def _check(name: str) -> Callable[[], bool]:
    try:
        return _CHECKS[name]
    except KeyError:
        raise LookupError(f"unknown requirement {name!r}; known are {', '.join(sorted(_CHECKS))}") from None


def _is_root() -> bool:
    return os.geteuid() == 0


@functools.cache
def _refused() -> frozenset[str]:
    """The features that the engine's own probe finds refused here."""
    from engine.sandbox import probe

    return frozenset(str(missing.feature) for missing in probe.missing())


def _has_sandbox() -> bool:
    return _is_root() and not _refused() - {"overlay"}


def _has_overlay() -> bool:
    return _is_root() and "overlay" not in _refused()


@functools.cache
def _controllers() -> dict[str, str]:
    from engine.cgroup.manager import Cgroups

    return Cgroups.detect().controllers


def _has_controller(name: str) -> bool:
    names = {name, "io"} if name == "blkio" else {name}  # v2 has renamed it
    return _is_root() and not names.isdisjoint(_controllers())


def _has_swap_accounting() -> bool:
    v1 = "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"
    return _has_controller("memory") and (_controllers()["memory"] == "v2" or os.path.exists(v1))


def _has_two_cpus() -> bool:
    return {0, 1} <= os.sched_getaffinity(0)


_CHECKS: dict[str, Callable[[], bool]] = {
    "root": _is_root,
    "namespaces": _has_sandbox,
    "overlay": _has_overlay,
    "swap accounting": _has_swap_accounting,
    "two cpus": _has_two_cpus,
    "atheris": lambda: importlib.util.find_spec("atheris") is not None,
    "python3 of the host": lambda: os.path.exists("/usr/bin/python3"),
    **{name: functools.partial(lambda program: shutil.which(program) is not None, name) for name in PROGRAMS},
    **{f"{name} controller": functools.partial(_has_controller, name) for name in CONTROLLERS},
}
