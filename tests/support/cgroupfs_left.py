"""Cgroups that a driver leaves.

The cgroup above its containers, and those of its own monitors, are the driver's; the containers' are the runtime's.
Podman 4 also makes plain folders, beside the hierarchies, for controllers that this host has not.
"""

import glob
import os
import shutil

from support.waiting import until

_MOUNT = "/sys/fs/cgroup"


def of_containers(parent: str) -> list[str]:
    """The cgroups below a parent, in every hierarchy; podman's for its monitors are left out."""
    found = [path for folder in _folders(parent) if not _is_plain(folder) for path in glob.glob(f"{folder}/*/")]
    return sorted(path for path in found if os.path.basename(path.rstrip("/")) != "conmon")


def remove_empty(parent: str) -> None:
    """Take away the parent itself, and what the driver has made below for its own processes."""
    for folder in _folders(parent):
        if _is_plain(folder):
            _remove_plain(folder)
            continue
        for below in (*glob.glob(f"{folder}/*/"), folder):
            until(lambda path=below: _removed(path), f"the end of what is in {below}")


def _folders(parent: str) -> list[str]:
    """In every hierarchy, each once: `cpu` may be a link to `cpu,cpuacct`."""
    found = glob.glob(f"{_MOUNT}/{parent}") + glob.glob(f"{_MOUNT}/*/{parent}")
    return sorted({os.path.realpath(path) for path in found})


def _is_plain(folder: str) -> bool:
    return not os.path.exists(f"{folder}/cgroup.procs")


def _remove_plain(folder: str) -> None:
    shutil.rmtree(folder)
    if not os.listdir(os.path.dirname(folder)):
        os.rmdir(os.path.dirname(folder))


def _removed(path: str) -> bool:
    try:
        os.rmdir(path)
    except OSError:
        return False
    return True
