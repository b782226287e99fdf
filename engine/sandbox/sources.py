"""What of the host a container's root is made of: directories and files, by path, each as a detached mount.

Without a user namespace the child opens them itself. In one it may neither walk the host's folders nor map owners, so
that its parent does both, and hands the mounts over before the child begins. Standard library only.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import NamedTuple

from engine.errors import MissingFeature
from engine.kernel import const, files, syscalls
from engine.sandbox import explain, foreign_nodes, userns
from engine.sandbox.beneath import Root
from engine.sandbox.foreign_nodes import Node
from engine.sandbox.namespaces import Mapping

OWN: tuple[Mapping, ...] = ()
"""In place of mappings: those of the container's own user namespace."""


class Idmap(NamedTuple):
    """By which mapping a mount shows its owners."""

    uids: tuple[Mapping, ...] = OWN
    gids: tuple[Mapping, ...] = OWN
    recursive: bool = False


class Source(NamedTuple):
    """One of them."""

    path: str
    recursive: bool = False
    """With what is mounted below it."""
    idmap: Idmap | None = None
    make: bool = False
    """A directory is made where nothing is."""
    optional: bool = False
    """What takes it can do without."""
    follow: bool = True
    """False: a symbolic link is itself the source."""
    inside: bool = False
    """The path is one of the container, where mounts of its own may lie by then: nobody hands it over."""
    node: Node | None = None
    """A device node that is made instead, where that is allowed."""
    beneath: str = ""
    """A path in the directory `path`, which containers write to: no link in there leads out of it."""


@contextlib.contextmanager
def opened(sources: list[Source], own: int, folder: str | None = None) -> Iterator[dict[int, int]]:
    """Place in the list -> a descriptor of a detached mount of it. `own` is the container's user namespace, or -1;
    `folder` is where device nodes are made.

    Raises `EngineError`.
    """
    with contextlib.ExitStack() as stack:
        found = {}
        for place, source in enumerate(sources):
            if not source.optional or (source.node and folder) or os.path.lexists(source.path):
                found[place] = stack.enter_context(files.closing(_open_in_words(source, own, folder)))
        yield found


def _open_in_words(source: Source, own: int, folder: str | None) -> int:
    try:
        if source.node is not None and folder is not None:
            with contextlib.suppress(PermissionError):
                return foreign_nodes.open_tree(source.node, folder)
        return open_tree(source, own)
    except OSError as err:
        raise explain.step(f"mount {source.path} of the host", err) from err


def open_tree(source: Source, own: int = -1, at: int | None = None) -> int:
    """A descriptor of a detached mount of it, or of what `at` is open on. Raises OSError, `MissingFeature`."""
    tree = _copy(source, at)
    try:
        if source.idmap is not None:
            _map(tree, source, source.idmap, own)
    except BaseException:
        os.close(tree)
        raise
    return tree


def _copy(source: Source, at: int | None) -> int:
    flags = const.OPEN_TREE_CLONE | (const.AT_RECURSIVE if source.recursive else 0)
    if at is not None:
        return syscalls.open_tree(at, "", flags | const.AT_EMPTY_PATH)
    if source.beneath:
        with files.closing(_open_beneath(source)) as found:
            return syscalls.open_tree(found, "", flags | const.AT_EMPTY_PATH)
    if source.make and not os.path.lexists(source.path):
        syscalls.entering("mkdirat")
        os.makedirs(source.path, 0o755, exist_ok=True)
    if not source.follow:
        flags |= const.AT_SYMLINK_NOFOLLOW
    return syscalls.open_tree(const.AT_FDCWD, source.path, flags)


def _open_beneath(source: Source) -> int:
    with files.closing(files.open_path(source.path, os.O_PATH | os.O_DIRECTORY)) as top:
        return Root(top).open(source.beneath)


def _map(tree: int, source: Source, idmap: Idmap, own: int) -> None:
    with contextlib.ExitStack() as stack:
        namespace = own if idmap.uids == OWN else stack.enter_context(userns.made(idmap.uids, idmap.gids))
        try:
            syscalls.mount_setattr(tree, userns=namespace, recursive=idmap.recursive)
        except OSError as err:
            if err.errno not in (errno.EINVAL, errno.ENOSYS, errno.EPERM):
                raise
            raise unmappable(source.path, err) from err


def unmappable(path: str, err: OSError) -> MissingFeature:
    """The kernel or the file system cannot show other owners."""
    return MissingFeature(
        f"cannot map the owners of {path}: its file system or this kernel has no idmapped mounts",
        hint="turn the user namespace off: --userns host",
        errno=err.errno or 0,
    )
