"""Devices of a container: those it may use, and for `--privileged` all that the host has."""

import os
import re
import stat
from collections.abc import Iterable
from typing import Any, Final

from engine.errors import InvalidInput
from engine.model import CreateOptions, Device
from engine.sandbox import device_rules

_SKIPPED: Final = ("pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console")
"""What a container has of its own."""
_MAX: Final = 4096
_RULE: Final = re.compile(r"([abc]) ([0-9]{1,9}|\*):([0-9]{1,9}|\*) ([rwm]{1,3})")


def rules(privileged: bool) -> list[dict[str, Any]]:
    """`linux.resources.devices`: everything denied, and what is allowed after it."""
    if privileged:
        return [{"allow": True, "access": "rwm"}]
    return [{"allow": False, "access": "rwm"}, *device_rules.allowed()]


def of_host(folder: str = "/dev") -> list[dict[str, Any]]:
    """`linux.devices` for every device node below a folder of the host; what vanishes meanwhile is left out."""
    found: list[dict[str, Any]] = []
    for entry in _entries(folder):
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode) and entry.name not in _SKIPPED:
            found += of_host(entry.path)
        elif stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            found.append(_node(entry.path, status))
    return [node for node in found if os.path.basename(node["path"]) not in _SKIPPED][:_MAX]


def nodes(wanted: Iterable[Device]) -> list[dict[str, Any]]:
    """`linux.devices` for those that the operator names. Raises `InvalidInput` for what is no device of the host."""
    return [node for device in wanted for node in _named(device)]


def _named(device: Device) -> list[dict[str, Any]]:
    source, target = os.path.realpath(device.source), mount_target(device.target)
    try:
        status = os.stat(source)
    except OSError as err:
        raise InvalidInput(f"the device {device.source} cannot be found: {err.strerror}", hint="see /dev") from err
    if stat.S_ISDIR(status.st_mode):
        return [node | {"path": target + node["path"][len(source) :]} for node in of_host(source)]
    if not (stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode)):
        raise InvalidInput(f"{device.source} is no device", hint="a directory of the host is bound by -v")
    return [_node(source, status) | {"path": target}]


def binds(wanted: Iterable[Device]) -> list[dict[str, Any]]:
    """The same as mounts, for a user namespace, in which no node of a device can be made. Raises `InvalidInput`."""
    words = ["bind", "rprivate", "nosuid", "noexec"]
    found = []
    for device in wanted:
        source, target = os.path.realpath(device.source), mount_target(device.target)
        for node in _named(device):
            path = source + node["path"][len(target) :]
            found.append({"destination": node["path"], "type": "bind", "source": path, "options": words})
    return found


def is_one(path: str) -> bool:
    """Whether it is a device node of the host, whose file system can show no other owners."""
    try:
        return stat.S_IFMT(os.stat(path).st_mode) in (stat.S_IFCHR, stat.S_IFBLK)
    except (OSError, ValueError):
        return False


def mount_target(path: str) -> str:
    """Where a device goes inside. Raises `InvalidInput`."""
    if not path.startswith("/") or "\0" in path or os.path.normpath(path).strip("/") == "":
        raise InvalidInput(f"the device's place {path!r} is not an absolute path", hint="such as /dev/fuse:/dev/fuse")
    return os.path.normpath("/" + path.lstrip("/"))


def rules_of(options: CreateOptions) -> list[dict[str, Any]]:
    """`linux.resources.devices` for what the operator names. Raises `InvalidInput`."""
    found = []
    for device in options.devices:
        if not device.access or set(device.access) - set("rwm"):
            raise InvalidInput(f"{device.access!r} is no access to a device", hint="one or more of r, w and m")
        found += [
            device_rules.rule(node["type"], node["major"], node["minor"], device.access) for node in _named(device)
        ]
    return [*found, *map(_rule_of, options.device_rules)]


def _rule_of(text: str) -> dict[str, Any]:
    match = _RULE.fullmatch(text)
    if match is None:
        raise InvalidInput(f"{text!r} is no rule for devices", hint='such as "c 10:229 rwm" or "b 7:* r"')
    kind, major, minor, access = match.groups()
    return device_rules.rule(kind, _number(major), _number(minor), access)


def _number(text: str) -> int | None:
    return None if text == "*" else int(text)


def _entries(folder: str) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _node(path: str, status: os.stat_result) -> dict[str, Any]:
    return {
        "path": path,
        "type": "b" if stat.S_ISBLK(status.st_mode) else "c",
        "major": os.major(status.st_rdev),
        "minor": os.minor(status.st_rdev),
        "fileMode": stat.S_IMODE(status.st_mode),
        "uid": status.st_uid,
        "gid": status.st_gid,
    }
