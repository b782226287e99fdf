"""`mounts` of the OCI runtime-spec: the file systems of every container, and what the operator adds."""

import posixpath
from collections.abc import Iterable
from typing import Any, Final

from engine.errors import InvalidInput
from engine.model import Bind, CreateOptions
from engine.sandbox import devices, shared_mounts
from engine.sandbox import options as mount_options
from engine.sandbox.stored import NOTHING, Stored
from engine.sandbox.stored import mounts as stored_mounts

_NOTHING: Final = ["nosuid", "noexec", "nodev"]
DEFAULTS: Final = (
    ("/proc", "proc", "proc", _NOTHING),
    ("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    ("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
    ("/sys", "sysfs", "sysfs", [*_NOTHING, "ro"]),
    ("/sys/fs/cgroup", "cgroup", "cgroup", [*_NOTHING, "relatime", "ro"]),
    ("/dev/mqueue", "mqueue", "mqueue", _NOTHING),
    ("/dev/shm", "tmpfs", "shm", [*_NOTHING, "mode=1777", "size=65536k"]),  # noqa: S108 - inside the container
)
"""(destination, type, source, options), in the order in which they are mounted."""
_WRITABLE_WHEN_PRIVILEGED: Final = ("/sys", "/sys/fs/cgroup")
_FORBIDDEN: Final = ("/", "/proc", "/sys")
"""A mount there would take from a container what it stands on, or uncover what is masked."""
_TMPFS_KEYS: Final = ("size", "mode", "nr_inodes", "nr_blocks", "uid", "gid")
_TMPFS_WORDS: Final = ("ro", "rw", "exec", "noexec", "suid", "nosuid", "dev", "nodev", "noatime", "relatime")


def mounts(
    options: CreateOptions, files: dict[str, str], *, mapped: bool = False, stored: Stored = NOTHING
) -> list[dict[str, Any]]:
    """All mounts. `files` are the engine's own, by their name in /etc, such as hosts -> a path of the host. `mapped`:
    in a user namespace, where what is bound shows the owners that it has on the host. `stored` is where volumes are.

    One of the operator's takes the place of a default with the same destination. A mount comes before those in it,
    so that none is hidden. Raises `InvalidInput`.
    """
    binds = [_bind(bind, "ridmap" if mapped and not devices.is_one(bind.source) else "") for bind in options.binds]
    wanted = [*binds, *(_tmpfs(path, words) for path, words in options.tmpfs.items())]
    wanted += stored_mounts(options, stored, mapped=mapped)
    wanted += devices.binds(options.devices) if mapped else []
    taken = _destinations(wanted)
    base = shared_mounts.replaced(options, [_default(entry, options) for entry in DEFAULTS], mapped=mapped)
    own = [_own_file(name, source, "idmap" if mapped else "") for name, source in files.items()]
    kept = [mount for mount in base + own if mount["destination"] not in taken]
    return sorted(kept + wanted, key=lambda mount: mount["destination"].count("/"))


def _default(entry: tuple[str, str, str, list[str]], options: CreateOptions) -> dict[str, Any]:
    destination, kind, source, words = entry
    if source == "shm" and options.shm_bytes is not None:
        words = [*(word for word in words if not word.startswith("size=")), f"size={options.shm_bytes}"]
    if options.privileged and destination in _WRITABLE_WHEN_PRIVILEGED:
        words = [word for word in words if word != "ro"]
    return {"destination": destination, "type": kind, "source": source, "options": words}


def _own_file(name: str, source: str, mapping: str) -> dict[str, Any]:
    destination = f"/etc/{posixpath.basename(name)}"
    words = ["bind", "rprivate", *([mapping] if mapping else [])]
    return {"destination": destination, "type": "bind", "source": source, "options": words}


def _bind(bind: Bind, mapping: str) -> dict[str, Any]:
    if bind.propagation not in mount_options.ONE_WAY:
        raise InvalidInput(
            f"the propagation {bind.propagation!r} of a volume is not supported",
            hint=f"one of {', '.join(mount_options.ONE_WAY)}",
        )
    if not bind.source.startswith("/") or "\0" in bind.source:
        raise InvalidInput(f"the volume's source {bind.source!r} is not an absolute path", hint="such as -v /srv:/srv")
    how = "rbind" if bind.recursive else "bind"
    words = [how, bind.propagation, *(["ro", "rro"] if bind.read_only else []), *([mapping] if mapping else [])]
    return {"destination": destination(bind.target), "type": "bind", "source": bind.source, "options": words}


def _tmpfs(path: str, words: str) -> dict[str, Any]:
    """Locked down unless the options say otherwise, as with Docker."""
    given = [word for word in words.split(",") if word]
    for word in given:
        key, equals, _ = word.partition("=")
        if word not in _TMPFS_WORDS and not (equals and key in _TMPFS_KEYS):
            raise InvalidInput(f"{word!r} is not an option of a tmpfs", hint="such as size=64m,mode=1777,exec")
    return {"destination": destination(path), "type": "tmpfs", "source": "tmpfs", "options": [*_NOTHING, *given]}


def destination(path: str) -> str:
    """Where a mount goes: absolute, without dots, and nowhere that breaks the container. Raises `InvalidInput`."""
    if not path.startswith("/") or "\0" in path:
        raise InvalidInput(f"the mount's destination {path!r} is not an absolute path", hint="such as -v /srv:/srv")
    clean = posixpath.normpath("/" + path.lstrip("/"))
    if clean in _FORBIDDEN or clean.startswith("/proc/"):
        raise InvalidInput(f"nothing can be mounted on {clean} of a container", hint="choose another destination")
    return clean


def _destinations(wanted: Iterable[dict[str, Any]]) -> set[str]:
    taken: set[str] = set()
    for mount in wanted:
        if mount["destination"] in taken:
            raise InvalidInput(f"two mounts have the destination {mount['destination']}", hint="give each its own")
        taken.add(mount["destination"])
    return taken
