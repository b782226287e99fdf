"""The ground on which all are measured: one that the peers stand on too."""

from pathlib import Path

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
    syscalls.umount(str(UNIFIED), const.MNT_DETACH)
    return True


def sweep() -> None:
    """Remove the empty cgroups that the peers leave behind."""
    for pattern in _PEERS_CGROUPS:
        for folder in Path("/sys/fs/cgroup").glob(f"*/{pattern}"):
            for below in sorted(folder.rglob("*/"), reverse=True):
                below.rmdir()
            folder.rmdir()
