"""Mount options as words, sorted into what each call needs. Standard library only.

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
    "remount": const.MS_REMOUNT,
    "mand": const.MS_MANDLOCK,
    "dirsync": const.MS_DIRSYNC,
    "nosymfollow": const.MS_NOSYMFOLLOW,
    "noatime": const.MS_NOATIME,
    "nodiratime": const.MS_NODIRATIME,
    "silent": const.MS_SILENT,
    "relatime": const.MS_RELATIME,
    "iversion": const.MS_I_VERSION,
    "strictatime": const.MS_STRICTATIME,
    "lazytime": const.MS_LAZYTIME,
}
CLEARING: Final = {
    "defaults": 0,
    "rw": const.MS_RDONLY,
    "suid": const.MS_NOSUID,
    "dev": const.MS_NODEV,
    "exec": const.MS_NOEXEC,
    "async": const.MS_SYNCHRONOUS,
    "nomand": const.MS_MANDLOCK,
    "symfollow": const.MS_NOSYMFOLLOW,
    "atime": const.MS_NOATIME,
    "diratime": const.MS_NODIRATIME,
    "loud": const.MS_SILENT,
    "norelatime": const.MS_RELATIME,
    "noiversion": const.MS_I_VERSION,
    "nostrictatime": const.MS_STRICTATIME,
    "nolazytime": const.MS_LAZYTIME,
}
PROPAGATION: Final = {
    "private": const.MS_PRIVATE,
    "rprivate": const.MS_PRIVATE | const.MS_REC,
    "slave": const.MS_SLAVE,
    "rslave": const.MS_SLAVE | const.MS_REC,
    "shared": const.MS_SHARED,
    "rshared": const.MS_SHARED | const.MS_REC,
    "unbindable": const.MS_UNBINDABLE,
    "runbindable": const.MS_UNBINDABLE | const.MS_REC,
}
ONE_WAY: Final = tuple(word for word in PROPAGATION if not word.endswith("shared"))
"""With which nothing that is mounted in a container is seen on the host."""
BINDING: Final = {"bind": False, "rbind": True}
RECURSIVE: Final = {
    "rro": const.MOUNT_ATTR_RDONLY,
    "rnosuid": const.MOUNT_ATTR_NOSUID,
    "rnodev": const.MOUNT_ATTR_NODEV,
    "rnoexec": const.MOUNT_ATTR_NOEXEC,
    "rnodiratime": const.MOUNT_ATTR_NODIRATIME,
    "rnosymfollow": const.MOUNT_ATTR_NOSYMFOLLOW,
}
RECURSIVE_CLEARING: Final = {
    "rrw": const.MOUNT_ATTR_RDONLY,
    "rsuid": const.MOUNT_ATTR_NOSUID,
    "rdev": const.MOUNT_ATTR_NODEV,
    "rexec": const.MOUNT_ATTR_NOEXEC,
    "rdiratime": const.MOUNT_ATTR_NODIRATIME,
    "rsymfollow": const.MOUNT_ATTR_NOSYMFOLLOW,
}
RECURSIVE_ATIME: Final = {
    "rrelatime": const.MOUNT_ATTR_RELATIME,
    "rnorelatime": const.MOUNT_ATTR_RELATIME,
    "rnoatime": const.MOUNT_ATTR_NOATIME,
    "ratime": const.MOUNT_ATTR_RELATIME,
    "rstrictatime": const.MOUNT_ATTR_STRICTATIME,
    "rnostrictatime": const.MOUNT_ATTR_RELATIME,
}
"""One of three values, of which the kernel's default is relatime: what clears another one asks for that."""
EXTENSIONS: Final = ("idmap", "ridmap", "tmpcopyup", "copy-symlink", "src-nofollow", "dest-nofollow")

KNOWN: Final = (*FLAGS, *CLEARING, *PROPAGATION, *BINDING, *RECURSIVE, *RECURSIVE_CLEARING, *RECURSIVE_ATIME)
"""What `features` lists, but for EXTENSIONS."""


class Parsed(NamedTuple):
    """What a list of options says."""

    flags: int = 0
    """MS_* of mount(2) that are wanted; see `attributes` for a bind mount."""
    cleared: int = 0
    """MS_* that are expressly not wanted."""
    propagation: tuple[int, ...] = ()
    """MS_PRIVATE and the like, with MS_REC where it also counts below; in their order."""
    bind: bool = False
    recursive: bool = False
    """rbind rather than bind."""
    set_below: int = 0
    """MOUNT_ATTR_* for the mount and all below it."""
    clear_below: int = 0
    words: frozenset[str] = frozenset()
    """Those of EXTENSIONS."""
    data: str = ""
    """What is left for the file system itself."""


def parse(options: list[str]) -> Parsed:
    """Sort options; a later one undoes an earlier one, and what is not known is the file system's."""
    found = Parsed()
    for option in options:
        found = _with(found, option)
    return found


def _with(found: Parsed, option: str) -> Parsed:
    if option in FLAGS:
        flag = FLAGS[option]
        return found._replace(flags=found.flags | flag, cleared=found.cleared & ~flag)
    if option in CLEARING:
        flag = CLEARING[option]
        return found._replace(flags=found.flags & ~flag, cleared=found.cleared | flag)
    if option in PROPAGATION:
        return found._replace(propagation=(*found.propagation, PROPAGATION[option]))
    if option in BINDING:
        return found._replace(bind=True, recursive=found.recursive or BINDING[option])
    if option in EXTENSIONS:
        return found._replace(words=found.words | {option})
    return _with_below(found, option)


def _with_below(found: Parsed, option: str) -> Parsed:
    if option in RECURSIVE:
        flag = RECURSIVE[option]
        return found._replace(set_below=found.set_below | flag, clear_below=found.clear_below & ~flag)
    if option in RECURSIVE_CLEARING:
        flag = RECURSIVE_CLEARING[option]
        return found._replace(set_below=found.set_below & ~flag, clear_below=found.clear_below | flag)
    if option in RECURSIVE_ATIME:
        kept, mask = found.set_below & ~const.MOUNT_ATTR__ATIME, const.MOUNT_ATTR__ATIME
        return found._replace(set_below=kept | RECURSIVE_ATIME[option], clear_below=found.clear_below | mask)
    return found._replace(data=f"{found.data},{option}" if found.data else option)
