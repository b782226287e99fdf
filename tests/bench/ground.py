"""The ground on which all are measured: one that the peers stand on too."""

import os
from contextlib import suppress
from pathlib import Path

from support.waiting import until

from engine.kernel import const, syscalls

UNIFIED = Path("/sys/fs/cgroup/unified")
_PEERS_CGROUPS = ("libpod_parent", "quarterdeck-bench-*")


def hide_unified() -> bool:
    """Give this process and all that it starts a mount table without the cgroup v2 tree of a hybrid; whether it had to.

    crun, and podman on it, refuse a hybrid whose v2 tree has controllers. The host's own mount table stays as it is.
    """
    if not (UNIFIED / "cgroup.controllers").exists() or not (UNIFIED / "cgroup.controllers").read_text().strip():
        return False
    syscalls.unshare(const.CLONE_NEWNS)
    syscalls.mount(None, "/", None, const.MS_REC | const.MS_PRIVATE)
    # Covered and not unmounted: what the peers write there goes away with this process.
    syscalls.mount("none", str(UNIFIED), "tmpfs", 0)
    return True


def sweep() -> None:
    """Remove the empty cgroups that the peers leave; the kernel lets go of one a little after its last process."""
    until(_is_swept, "the peers' cgroups to be empty")


def _is_swept() -> bool:
    found = [folder for pattern in _PEERS_CGROUPS for folder in Path("/sys/fs/cgroup").glob(f"*/{pattern}")]
    folders = [folder for folder in found if folder.parent != UNIFIED]
    for top in folders:
        for folder, _, _ in os.walk(top, topdown=False):
            with suppress(OSError):
                os.rmdir(folder)
    return not any(folder.exists() for folder in folders)
