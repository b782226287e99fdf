"""Where the writable layers of containers can lie on this host, found out by trying.

    overlay             beside the engine's state: the rule
    overlay on tmpfs    in memory, where the state's file system cannot hold an upper layer (an overlay itself, say)
    copy                a whole root directory for each container, where the kernel mounts no overlay at all

The trial mounts a real overlay and deletes a file in it. A thread does that, in a mount namespace of its own: nobody
else sees the mounts, and no process has to be started.
"""

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

from engine.kernel import const, proc, syscalls
from engine.layers import merged
from engine.sandbox.operations import Site
from engine.sandbox.roots import Isolate, Overlay
from engine.state import tree

OPTIONS: Final = ("index=off", "metacopy=off", "redirect_dir=off")
"""What keeps an upper layer plain: each file in it is whole, and each directory stands where it is seen."""

OVERLAY: Final = "overlay"
TMPFS: Final = "overlay on tmpfs"
COPY: Final = "copy"

IN_MEMORY: Final = (
    "{folder} lies on {kind}, which cannot hold the writable layers of containers ({reason}): they are kept in memory, "
    "and lost at a reboot; put the state on ext4, XFS or btrfs: --root, or a volume at that place"
)
COPIED: Final = (
    "no overlay can be mounted here ({reason}): each container gets a copy of its whole image, which takes time and "
    "disk; the kernel's module is loaded with: modprobe overlay"
)

TMPFS_OPTIONS: Final = "mode=0700"


class Storage(NamedTuple):
    """What has been found out."""

    kind: str
    warnings: tuple[str, ...]
    """In words, what is not as it should be, and what follows."""


def find_out(folder: str) -> Storage:
    """Try the file system of `folder`, an existing directory of ours, then a tmpfs."""
    reason = attempt(folder, on_tmpfs=False)
    if reason is None:
        return Storage(OVERLAY, ())
    if attempt(folder, on_tmpfs=True) is None:
        return Storage(TMPFS, (IN_MEMORY.format(folder=folder, kind=_kind(folder), reason=reason),))
    return Storage(COPY, (COPIED.format(reason=reason),))


def attempt(folder: str, *, on_tmpfs: bool) -> str | None:
    """Try an overlay whose upper layer lies in `folder`, or on a tmpfs; None where it works, else why not, in words."""
    with _trial_folder(folder) as trial:
        try:
            _in_thread(lambda: _try(trial, on_tmpfs))
        except OSError as err:
            return os.strerror(err.errno) if err.errno else str(err)
    return None


def mount_tmpfs(target: str) -> None:
    """A tmpfs of half the memory at most, which is its default."""
    syscalls.mount("tmpfs", target, "tmpfs", const.MS_NOSUID | const.MS_NODEV, TMPFS_OPTIONS)


def _kind(folder: str) -> str:
    """The type of the file system that a folder lies on."""
    parents = [mount for mount in proc.read_mounts() if f"{folder}/".startswith(f"{mount.target.rstrip('/')}/")]
    longest = max((len(mount.target) for mount in parents), default=0)
    # Of several mounts at one place the last covers the others.
    return next((mount.kind for mount in reversed(parents) if len(mount.target) == longest), "a file system")


def _try(trial: str, on_tmpfs: bool) -> None:
    """Delete a file through an overlay. Runs in a thread of its own, with which its mount namespace ends."""
    syscalls.unshare(const.CLONE_NEWNS)
    Isolate().execute(Site())
    lower, writable, root = f"{trial}/lower", f"{trial}/writable", f"{trial}/root"
    with ExitStack() as undo:
        if on_tmpfs:
            mount_tmpfs(writable)
            undo.callback(syscalls.umount, writable)
        os.mkdir(f"{writable}/upper")
        os.mkdir(f"{writable}/work")
        site = Site()
        Overlay(root, (lower,), f"{writable}/upper", f"{writable}/work", OPTIONS).execute(site)
        undo.callback(syscalls.umount, root)
        os.close(site.root.fd)
        os.unlink(f"{root}/file")
        if not merged.is_whiteout(os.lstat(f"{writable}/upper/file")):
            raise OSError(errno.EOPNOTSUPP, "a deletion leaves no whiteout")


@contextmanager
def _trial_folder(folder: str) -> Iterator[str]:
    with ExitStack() as undo:
        trial = tempfile.mkdtemp(prefix=".trial-", dir=folder)
        undo.callback(tree.remove, trial)
        for name in ("lower", "writable", "root"):
            os.mkdir(f"{trial}/{name}")
        os.close(os.open(f"{trial}/lower/file", os.O_CREAT | os.O_CLOEXEC, 0o600))
        yield trial


def _in_thread(call: Callable[[], None]) -> None:
    """Make the call in a thread that ends after it; its OSError is ours."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(call).result()
