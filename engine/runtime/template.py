"""The specification to start from: what `runc spec` writes. Pure, but for what cgroups the host has."""

import os
from typing import Any, Final

from engine.runtime.main import SPEC_VERSION
from engine.sandbox import masks

_CAPABILITIES: Final = ("CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE")
_LOCKED: Final = ("nosuid", "noexec", "nodev")
_NAMESPACES: Final = ("pid", "network", "ipc", "uts", "mount")


def spec() -> dict[str, Any]:
    """A shell in a container of its own. Its parts and their order are runc's, so that scripts find what they edit."""
    unified = os.path.exists("/sys/fs/cgroup/cgroup.controllers")
    return {
        "ociVersion": SPEC_VERSION,
        "process": _process(),
        "root": {"path": "rootfs", "readonly": True},
        "hostname": "qd-runtime",
        "mounts": _mounts(),
        "linux": {
            "resources": {"devices": [{"allow": False, "access": "rwm"}]},
            "namespaces": [{"type": kind} for kind in (*_NAMESPACES, *(("cgroup",) if unified else ()))],
            "maskedPaths": list(masks.MASKED),
            "readonlyPaths": list(masks.READ_ONLY),
        },
    }


def _process() -> dict[str, Any]:
    return {
        "terminal": True,
        "user": {"uid": 0, "gid": 0},
        "args": ["sh"],
        "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
        "cwd": "/",
        "capabilities": {kind: list(_CAPABILITIES) for kind in ("bounding", "effective", "permitted")},
        "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
        "noNewPrivileges": True,
    }


def _mounts() -> list[dict[str, Any]]:
    terminals = ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5")
    return [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        _mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount("/dev/pts", "devpts", "devpts", *terminals),
        _mount("/dev/shm", "tmpfs", "shm", *_LOCKED, "mode=1777", "size=65536k"),  # noqa: S108 - in the container
        _mount("/dev/mqueue", "mqueue", "mqueue", *_LOCKED),
        _mount("/sys", "sysfs", "sysfs", *_LOCKED, "ro"),
        _mount("/sys/fs/cgroup", "cgroup", "cgroup", *_LOCKED, "relatime", "ro"),
    ]


def _mount(destination: str, kind: str, source: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": source, "options": list(options)}


def rootless(found: dict[str, Any], uid: int, gid: int) -> dict[str, Any]:
    """The same in a user namespace, and without what only root can have."""
    linux = found["linux"]
    kept = [entry for entry in linux["namespaces"] if entry["type"] not in ("network", "user")]
    mapped = {
        "uidMappings": [{"containerID": 0, "hostID": uid, "size": 1}],
        "gidMappings": [{"containerID": 0, "hostID": gid, "size": 1}],
    }
    without = {key: value for key, value in linux.items() if key != "resources"}
    mounts = [_for_user(mount) for mount in found["mounts"]]
    return found | {"mounts": mounts, "linux": {**mapped, **without, "namespaces": [*kept, {"type": "user"}]}}


def _for_user(mount: dict[str, Any]) -> dict[str, Any]:
    """/sys is the host's, bound; no gid but one's own is known."""
    if mount["destination"] == "/sys":
        options = ["rbind", "nosuid", "noexec", "nodev", "ro"]
        return {"destination": "/sys", "type": "none", "source": "/sys", "options": options}
    if "options" not in mount:
        return mount
    return mount | {"options": [word for word in mount["options"] if not word.startswith(("gid=", "uid="))]}
