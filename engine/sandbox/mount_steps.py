"""`mounts` of the OCI runtime-spec as steps. Pure; standard library only.

Source: OCI runtime-spec 1.2, config.md, "Mounts", and config-linux.md.
"""

import os
from typing import Any, Final

from engine.errors import InvalidInput
from engine.kernel import const
from engine.sandbox import fields, mappings, options
from engine.sandbox import operations as op
from engine.sandbox.binds import Bind
from engine.sandbox.cgroup_mounts import Cgroups
from engine.sandbox.confinement import Freeze
from engine.sandbox.options import Parsed
from engine.sandbox.sources import Idmap, Source

_MUST_BE_REAL: Final = ("proc", "sysfs")
_MAPPING_WORDS: Final = frozenset({"idmap", "ridmap"})


class Mounts:
    """What the mounts of one spec become."""

    def __init__(self, spec: dict[str, Any], root: dict[str, Any], *, isolated: bool) -> None:
        self._folder = root.get("bundle") or os.curdir
        self._inside = root["path"] if root["kind"] == "directory" else None
        self._make = bool(root.get("make_sources"))
        self._beneath: dict[str, str] = root.get("beneath") or {}
        self._isolated = isolated
        self._own_view = any(
            entry.get("type") == "cgroup"
            for entry in fields.objects(fields.an_object(spec, "linux") or {}, "namespaces")
        )
        self.receives = False
        """Whether a mount follows what the host mounts later."""
        self.is_dev_bound = False
        """Whether /dev is the host's: nothing is made in it then."""
        self.steps: list[op.Operation] = []
        self.last: list[op.Operation] = []
        """What has to wait until everything is in place: read-only file systems of the container's own."""
        for mount in fields.objects(spec, "mounts"):
            self._add(mount)

    def _add(self, mount: dict[str, Any]) -> None:
        target, kind = self._target(fields.text(mount, "destination")), fields.text(mount, "type")
        parsed = options.parse(fields.strings(mount, "options"))
        if parsed.bind or kind == "bind":
            self._bind(mount, target, parsed)
        elif parsed.words & _MAPPING_WORDS or mount.get("uidMappings") or mount.get("gidMappings"):
            raise InvalidInput(f"{target}: id-mapped mounts are only supported for bind-mounts")
        elif kind == "cgroup":
            self.steps.append(Cgroups(target, parsed.flags, self._own_view))
        else:
            self._file_system(kind, fields.text(mount, "source") or kind, target, parsed)

    def _target(self, destination: str) -> str:
        """A relative destination begins at the root, and one that begins with the root's own path is in it."""
        if not destination:
            raise InvalidInput("a mount has no destination")
        path = os.path.normpath("/" + destination.lstrip("/"))
        return self._stripped(path) or path

    def _stripped(self, path: str) -> str | None:
        """The path within the root; None for one that leads elsewhere."""
        if self._inside is None or self._inside == "/" or not f"{path}/".startswith(f"{self._inside}/"):
            return None
        return path[len(self._inside) :] or "/"

    def _file_system(self, kind: str, source: str, target: str, parsed: Parsed) -> None:
        """Those in which something has to be made first become read-only later."""
        flags, real = parsed.flags, kind in _MUST_BE_REAL
        if flags & const.MS_RDONLY and (kind == "tmpfs" or target == "/dev"):
            flags &= ~const.MS_RDONLY
            self.last.append(Freeze(target))
        self.steps.append(op.FileSystem(kind, source, target, flags, parsed.data, links=not real, parsed=parsed))

    def _bind(self, mount: dict[str, Any], target: str, parsed: Parsed) -> None:
        if parsed.data:
            what = f"invalid mount {target}: bind mounts cannot have any filesystem-specific options applied"
            raise InvalidInput(f"{what}: {parsed.data}")
        self.is_dev_bound = self.is_dev_bound or target == "/dev"
        self.receives = self.receives or any(flag & (const.MS_SLAVE | const.MS_SHARED) for flag in parsed.propagation)
        self.steps.append(Bind(self._source(mount, parsed), target, parsed, self._isolated))

    def _source(self, mount: dict[str, Any], parsed: Parsed) -> Source:
        given = fields.text(mount, "source")
        if not given:
            raise InvalidInput(f"the bind mount {mount['destination']} has no source")
        path = os.path.join(self._folder, given)
        inside = self._stripped(os.path.normpath(path))
        found = Source(inside or path, parsed.recursive, self._idmap(mount, parsed), inside=inside is not None)
        found = found._replace(beneath=self._beneath.get(self._target(mount["destination"]), ""))
        return found._replace(make=self._make and parsed.recursive, follow="src-nofollow" not in parsed.words)

    def _idmap(self, mount: dict[str, Any], parsed: Parsed) -> Idmap | None:
        uids, gids = (
            mappings.parse(fields.objects(mount, f"{kind}Mappings"), f"{kind} mappings of a mount")
            for kind in ("uid", "gid")
        )
        if not (uids or gids or parsed.words & _MAPPING_WORDS):
            return None
        if bool(uids) != bool(gids) or not (uids or self._isolated):
            what = (
                f"invalid mount {mount['destination']}: id-mapped mounts must have both uid and gid mappings specified"
            )
            raise InvalidInput(what, hint="or give the container a user namespace, whose mappings are used then")
        return Idmap(uids, gids, "ridmap" in parsed.words)
