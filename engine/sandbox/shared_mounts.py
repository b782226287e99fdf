"""File systems that show a namespace which is not the container's own.

In a user namespace the kernel mounts /proc and /sys only for a pid and a network namespace that belong to it. For those
of the host the host's own mounts are bound instead.
"""

from collections.abc import Callable
from typing import Any, Final

from engine.errors import InvalidInput
from engine.model import CreateOptions
from engine.sandbox import sharing

_SHM: Final = ("/dev/shm", "/dev/mqueue")  # noqa: S108 - inside the container
_NOTHING: Final = ["nosuid", "noexec", "nodev"]


def replaced(options: CreateOptions, mounts: list[dict[str, Any]], *, mapped: bool) -> list[dict[str, Any]]:
    """The mounts of every container, as they are for these options; `mapped`: in a user namespace.

    Raises `InvalidInput`.
    """
    host = sharing.of_host(options)
    if options.shm_bytes is not None and ("ipc" in host or options.ipc == "none"):
        raise InvalidInput("--shm-size needs a /dev/shm of its own", hint=f"leave out --ipc {options.ipc}")
    changes: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {}
    if options.ipc == "none":
        changes |= dict.fromkeys(_SHM, lambda _mount: None)
    if "ipc" in host:
        changes |= dict.fromkeys(_SHM, lambda mount: _bound(mount, "rbind", []))
    if "pid" in host and mapped:
        changes["/proc"] = lambda mount: _bound(mount, "rbind", [])
    if "network" in host and mapped:
        changes["/sys"] = lambda mount: _bound(mount, "bind", [w for w in mount["options"] if w == "ro"])
    kept = (changes.get(mount["destination"], _same)(mount) for mount in mounts)
    return [mount for mount in kept if mount is not None]


def _same(mount: dict[str, Any]) -> dict[str, Any]:
    return mount


def _bound(mount: dict[str, Any], how: str, more: list[str]) -> dict[str, Any]:
    place = mount["destination"]
    return {"destination": place, "type": "bind", "source": place, "options": [how, "rprivate", *_NOTHING, *more]}
