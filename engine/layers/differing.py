"""Whether an entry is the same in two layers: whatever a layer carries counts, but for the times of directories."""

import os
import stat

from engine.layers import attributes
from engine.layers.walking import Seen, StackWalk


def differs(walk: StackWalk, name: str, new: Seen, old: Seen, settled_ns: int = 0) -> bool:
    """Whether two entries of the directory at hand differ; files untouched since `settled_ns` are copies.

    Size and time of a directory say nothing: they change with what is in it. Files of equal length and time are read,
    for equal times prove little: images that are built reproducibly have one and the same time in all their files.
    """
    if new.layer == old.layer:
        return False
    now, before = new.info, old.info
    if _has_other_owner(now, before):
        return True
    if not stat.S_ISDIR(now.st_mode):
        if (now.st_size, now.st_mtime_ns, now.st_rdev) != (before.st_size, before.st_mtime_ns, before.st_rdev):
            return True
        if (now.st_dev, now.st_ino) == (before.st_dev, before.st_ino) or now.st_ctime_ns < settled_ns:
            return False
    folders = walk.fds[new.layer], walk.fds[old.layer]
    if attributes.read(attributes.place(folders[0], name)) != attributes.read(attributes.place(folders[1], name)):
        return True
    return _has_other_content(name, folders, now)


def root_differs(walk: StackWalk, new: int, old: int) -> bool:
    """The same of the directories at hand themselves, as two layers have them."""
    one, other = walk.fds[new], walk.fds[old]
    if new == old:
        return False
    return _has_other_owner(os.fstat(one), os.fstat(other)) or attributes.read(one) != attributes.read(other)


def _has_other_owner(now: os.stat_result, before: os.stat_result) -> bool:
    """Or other permissions, or it is of another kind."""
    return (now.st_mode, now.st_uid, now.st_gid) != (before.st_mode, before.st_uid, before.st_gid)


def _has_other_content(name: str, folders: tuple[int, int], info: os.stat_result) -> bool:
    new, old = folders
    if stat.S_ISLNK(info.st_mode):
        return attributes.target(new, name) != attributes.target(old, name)
    if stat.S_ISREG(info.st_mode):
        return not attributes.is_same_content((new, name), (old, name), info.st_size)
    return False
