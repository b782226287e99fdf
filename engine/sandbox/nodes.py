"""Device nodes in a container's /dev, as steps like `operations`. Standard library only."""

import os
import stat
from typing import Any, Final, NamedTuple

from engine import errors
from engine.kernel import files
from engine.sandbox import fields, foreign_nodes, namespaces
from engine.sandbox.binds import Bind
from engine.sandbox.links import Symlink
from engine.sandbox.namespaces import Wanted
from engine.sandbox.operations import Site
from engine.sandbox.sources import Source

KINDS: Final = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK, "p": stat.S_IFIFO}
"""As mknod(1) calls them."""
_MAJORS, _MINORS = range(1 << 12), range(1 << 20)


class Device(NamedTuple):
    """Make a device node. Where mknod(2) is refused, the host's own node of that path is bound instead."""

    path: str
    kind: str
    major: int
    minor: int
    mode: int = 0o666
    uid: int = 0
    gid: int = 0
    bound: bool = False
    """Do not even try to make it: in a user namespace."""
    strict: bool = False
    """Another file in its place is an error."""
    made: foreign_nodes.Node | None = None
    """What the parent makes for one that is bound."""

    def execute(self, site: Site) -> None:
        if self.bound and self.kind != "p":
            return Bind(self.on_host, self.path).execute(site)
        with files.closing(site.root.directory(os.path.dirname(self.path))) as folder:
            try:
                return self._node(folder)
            except PermissionError:
                return Bind(self.on_host, self.path).execute(site)

    @property
    def on_host(self) -> Source:
        """The node that the parent makes, or else the host's of that path."""
        return Source(self.path, optional=True, node=self.made)

    def _node(self, folder: int) -> None:
        name = os.path.basename(self.path)
        try:
            number = os.makedev(self.major, self.minor)
            files.make_node(name, KINDS[self.kind] | self.mode, number, folder=folder)
        except FileExistsError:
            return self._check(name, folder)
        if self.uid or self.gid:
            files.change_owner(name, self.uid, self.gid, folder=folder)
        return None

    def _check(self, name: str, folder: int) -> None:
        """Source: OCI runtime-spec 1.2, config-linux.md, "Devices": what does not match is an error."""
        if not self.strict:
            return
        with files.closing(files.open_path(name, os.O_PATH | os.O_NOFOLLOW, folder=folder)) as fd:
            found = os.fstat(fd)
        number = os.makedev(self.major, self.minor) if self.kind != "p" else found.st_rdev
        if stat.S_IFMT(found.st_mode) != KINDS[self.kind] or found.st_rdev != number:
            raise errors.InvalidInput(f"the device {self.path} cannot be made: the root has another file in its place")

    def describe(self) -> str:
        return f"make the device {self.path}"


DEFAULTS: Final = (
    Device("/dev/null", "c", 1, 3),
    Device("/dev/zero", "c", 1, 5),
    Device("/dev/full", "c", 1, 7),
    Device("/dev/random", "c", 1, 8),
    Device("/dev/urandom", "c", 1, 9),
    Device("/dev/tty", "c", 5, 0),
)
"""Source: OCI runtime-spec 1.2, config-linux.md, "Default Devices"."""
LINKS: Final = (
    Symlink("pts/ptmx", "/dev/ptmx", replace=True),
    Symlink("/proc/self/fd", "/dev/fd"),
    Symlink("/proc/self/fd/0", "/dev/stdin"),
    Symlink("/proc/self/fd/1", "/dev/stdout"),
    Symlink("/proc/self/fd/2", "/dev/stderr"),
)
"""Source: OCI runtime-spec 1.2, runtime-linux.md, "Dev symbolic links"."""


def steps(linux: dict[str, Any], *, bound: bool) -> list[Device]:
    """`linux.devices`, and those of DEFAULTS that it does not have itself. Raises `InvalidInput`."""
    given = [_device(entry) for entry in fields.objects(linux, "devices")]
    paths = {device.path for device in given}
    wanted = [*given, *(device for device in DEFAULTS if device.path not in paths)]
    found = [device._replace(bound=bound) for device in wanted if device.path != "/dev/ptmx"]
    return [_for_parent(device, namespaces.parse(linux)) for device in found] if bound else found


def _for_parent(device: Device, wanted: Wanted) -> Device:
    """One that the spec names is made by the parent, where its owner is known: else it is bound."""
    uid, gid = foreign_nodes.outside(device.uid, wanted.uids), foreign_nodes.outside(device.gid, wanted.gids)
    if not device.strict or device.kind == "p" or uid is None or gid is None:
        return device
    number = os.makedev(device.major, device.minor)
    return device._replace(made=foreign_nodes.Node(KINDS[device.kind] | device.mode, number, uid, gid))


def _device(entry: dict[str, Any]) -> Device:
    path, kind = fields.text(entry, "path"), fields.text(entry, "type")
    if not path:
        raise errors.InvalidInput("a device has no path")
    if kind not in KINDS:
        raise errors.InvalidInput(f"{kind} is not a valid device type for device {path}")
    major, minor = (0, 0) if kind == "p" else (_number(entry, "major", _MAJORS), _number(entry, "minor", _MINORS))
    mode, uid, gid = (_number(entry, *field) for field in _OWNERSHIP)
    return Device(os.path.normpath(f"/{path.lstrip('/')}"), kind, major, minor, mode & 0o7777, uid, gid, strict=True)


_IDS = range((1 << 32) - 1)
_OWNERSHIP: Final = (("fileMode", range(1 << 32), 0o666), ("uid", _IDS, 0), ("gid", _IDS, 0))


def _number(entry: dict[str, Any], field: str, allowed: range, missing: int = 0) -> int:
    value = entry.get(field)
    return missing if value is None else fields.number(value, f"{field} of a device", allowed)
