"""Device nodes that the parent makes for a container in a user namespace, which may make none itself.

Each becomes a detached mount of a node in the container's own folder on the host, with which it goes.
Standard library only.
Source: user_namespaces(7): mknod(2) needs CAP_MKNOD in the initial user namespace.
"""

import contextlib
import os
from typing import NamedTuple

from engine.kernel import const, files, syscalls
from engine.sandbox.namespaces import Mapping


class Node(NamedTuple):
    """A node, with owners as the host has them."""

    mode: int
    """With S_IF*."""
    number: int
    """As makedev(3) has it."""
    uid: int
    gid: int


def outside(inside: int, mappings: tuple[Mapping, ...]) -> int | None:
    """The host's id for one of the container's; None for one that it does not have."""
    for mapping in mappings:
        if mapping.inside <= inside < mapping.inside + mapping.size:
            return mapping.outside + inside - mapping.inside
    return None


def open_tree(node: Node, folder: str) -> int:
    """A descriptor of a detached mount of it, in which devices work. Raises OSError; PermissionError: not allowed.

    It stays in the folder, since what has no name any more cannot be attached.
    """
    path = f"{folder}/node-{os.urandom(8).hex()}"
    files.make_node(path, node.mode, node.number)
    with contextlib.ExitStack() as undo:
        undo.callback(os.unlink, path)
        os.chmod(path, node.mode & 0o7777)  # whatever our umask is
        os.chown(path, node.uid, node.gid)
        tree = syscalls.open_tree(const.AT_FDCWD, path, const.OPEN_TREE_CLONE)
        undo.callback(os.close, tree)
        syscalls.mount_setattr(tree, clear=const.MOUNT_ATTR_NODEV)
        undo.pop_all()
    return tree
