"""Mount options as words, turned into flags. Standard library only.

Source: OCI runtime-spec 1.2, config.md, "Linux mount options"; mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS".
"""

from typing import Final, NamedTuple

from engine.kernel import const

FLAGS: Final = {
    "ro": const.MS_RDONLY,
    "nosuid": const.MS_NOSUID,
    "nodev": const.MS_NODEV,
    "noexec": const.MS_NOEXEC,
    "sync": const.MS_SYNCHRONOUS,
    "noatime": const.MS_NOATIME,
    "nodiratime": const.MS_NODIRATIME,
    "relatime": const.MS_RELATIME,
    "strictatime": const.MS_STRICTATIME,
}
_CLEARING: Final = {
    "defaults": 0,
    "rw": const.MS_RDONLY,
    "suid": const.MS_NOSUID,
    "dev": const.MS_NODEV,
    "exec": const.MS_NOEXEC,
    "async": const.MS_SYNCHRONOUS,
    "atime": const.MS_NOATIME,
}
PROPAGATION: Final = {
    "private": const.MS_PRIVATE,
    "rprivate": const.MS_PRIVATE,
    "slave": const.MS_SLAVE,
    "rslave": const.MS_SLAVE,
    "unbindable": const.MS_UNBINDABLE,
    "runbindable": const.MS_UNBINDABLE,
}
"""Of a bind mount and all below it. Not shared: what is mounted in a container is never seen on the host."""
_BINDING: Final = {"bind": False, "rbind": True}
_ATTRIBUTES: Final = {
    const.MS_RDONLY: const.MOUNT_ATTR_RDONLY,
    const.MS_NOSUID: const.MOUNT_ATTR_NOSUID,
    const.MS_NODEV: const.MOUNT_ATTR_NODEV,
    const.MS_NOEXEC: const.MOUNT_ATTR_NOEXEC,
}


class Parsed(NamedTuple):
    """What a list of options says."""

    flags: int
    """MS_* of mount(2)."""
    propagation: int
    data: str
    """What is left for the file system itself."""
    recursive: bool
    """rbind rather than bind."""

    @property
    def attributes(self) -> int:
        """MOUNT_ATTR_* of mount_setattr(2), for a bind mount."""
        return sum(attribute for flag, attribute in _ATTRIBUTES.items() if self.flags & flag)


def parse(options: list[str]) -> Parsed:
    """Sort options; a later one undoes an earlier one, and what is not known is the file system's."""
    flags, propagation, recursive = 0, const.MS_PRIVATE, False
    data = []
    for option in options:
        if option in FLAGS:
            flags |= FLAGS[option]
        elif option in _CLEARING:
            flags &= ~_CLEARING[option]
        elif option in PROPAGATION:
            propagation = PROPAGATION[option]
        elif option in _BINDING:
            recursive = _BINDING[option]
        else:
            data.append(option)
    return Parsed(flags, propagation, ",".join(data), recursive)
