"""Keeps the engine's own program file out of a container's hands. Standard library only.

A container can execute /proc/self/exe, or a script that names it as its interpreter, and so become an instance of the
engine's Python; through /proc/PID/exe of that it could then write to the file on the host (CVE-2019-5736 of runc). So
the keeper runs from a detached, read-only copy of the mount of that file: the way leads to nothing that can be
written, and the copy is in no mount table where its flag could be changed. It costs one exec and no memory.
"""

import os
import sys

from engine.kernel import const, files, syscalls

_SELF = "/proc/self/exe"


def protect(name: str) -> str | None:
    """Execute this very process again from a read-only mount, unless it is so already; called before anything else.

    Descriptors stay as for any exec. Returns None where nothing is to be done, and words where it cannot be done.
    """
    syscalls.set_name(name.encode())
    try:
        if os.statvfs(_SELF).f_flag & os.ST_RDONLY:
            return None
        tree = syscalls.open_tree(const.AT_FDCWD, files.read_link(_SELF), const.OPEN_TREE_CLONE)
        with files.closing(tree):
            syscalls.mount_setattr(tree, attributes=const.MOUNT_ATTR_RDONLY)
            syscalls.execveat(tree, sys.orig_argv, dict(os.environ))
    except OSError as err:
        return f"the engine's own program file could not be protected from containers: {err.strerror}"
    return None
