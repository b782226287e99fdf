"""The mounts of a container without a mount namespace: they are the host's, and go with the container.

Standard library only. All of them lie below one mount, that of its root upon itself.
"""

import os

from engine.kernel import const, files, syscalls
from engine.runtime.store import State
from engine.sandbox import namespaces


def below(spec: dict[str, object], rootfs: str) -> int:
    """The id of the mount that the root lies on now; 0 where nothing will be mounted on it."""
    linux = spec["linux"]
    assert isinstance(linux, dict)
    return 0 if namespaces.parse(linux).has("mount") else _mount_of(rootfs)


def remove(state: State) -> None:
    """Take them away with all that lies below; nothing where they have gone. Raises OSError.

    Only what lies upon the mount that was there first: another may have been made by who made the root.
    """
    if state.ground and os.path.isdir(state.rootfs) and _mount_of(state.rootfs) != state.ground:
        syscalls.umount(state.rootfs, const.MNT_DETACH | const.UMOUNT_NOFOLLOW)


def _mount_of(path: str) -> int:
    """Source: proc_pid_fdinfo(5), `mnt_id`."""
    with files.closing(files.open_path(path, os.O_PATH | os.O_DIRECTORY)) as fd:
        lines = files.read(f"/proc/self/fdinfo/{fd}").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("mnt_id:")))
