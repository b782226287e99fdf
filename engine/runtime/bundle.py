"""`config.json` of a bundle: read, bounded, and as far checked as concerns what the verbs use of it.

Standard library only. Source: OCI runtime-spec 1.2, bundle.md and config.md.
"""

import json
import os
import re
from typing import Any, Final, NamedTuple

from engine.errors import InvalidInput
from engine.sandbox import fields
from engine.state import files

CONFIG_MAX: Final = 16 << 20
_VERSION: Final = re.compile(r"1\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")


class Bundle(NamedTuple):
    """A bundle on disk."""

    path: str
    """Absolute."""
    spec: dict[str, Any]
    rootfs: str
    """Absolute, without links."""


def load(folder: str, config: str = "config.json") -> Bundle:
    """The bundle in a folder. Raises `InvalidInput`."""
    path = os.path.realpath(folder or ".")
    spec = read(os.path.join(path, config))
    check(spec)
    root = fields.text(spec["root"], "path")
    rootfs = os.path.realpath(os.path.join(path, root))
    if not os.path.isdir(rootfs):
        raise InvalidInput(f"invalid rootfs: {rootfs} is not a directory", hint="root.path is relative to the bundle")
    return Bundle(path, spec, rootfs)


def read(path: str) -> dict[str, Any]:
    """A JSON object of a file. Raises `InvalidInput`."""
    try:
        data = files.read(path, limit=CONFIG_MAX)
    except (OSError, ValueError) as err:
        raise InvalidInput(f"cannot read {path}: {err}") from err
    if data is None:
        raise InvalidInput(f"JSON specification file {path} not found", hint="qd-runtime spec writes one")
    return parse(data, path)


def parse(data: bytes, name: str) -> dict[str, Any]:
    """A JSON object. Raises `InvalidInput`."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise InvalidInput(f"{name} is not JSON: {err}") from err
    if not isinstance(found, dict):
        raise InvalidInput(f"{name} is not a JSON object")
    return found


def check(spec: dict[str, Any]) -> None:
    """The parts that are there in every container. Raises `InvalidInput`."""
    version = fields.text(spec, "ociVersion")
    if not _VERSION.fullmatch(version):
        raise InvalidInput(f"the ociVersion {version!r} is not supported", hint="1.0.0 to 1.2.1")
    process = fields.an_object(spec, "process")
    if process is None:
        raise InvalidInput("process property must not be empty")
    fields.strings(process, "env")
    if not fields.text(fields.an_object(spec, "root") or {}, "path"):
        raise InvalidInput("root must be specified", hint="root.path is the folder of the root file system")
    linux = fields.an_object(spec, "linux")
    if linux is None:
        raise InvalidInput("linux must be specified: this is a runtime for Linux containers")
    _check_linux(linux)
    for entry in fields.objects(spec, "mounts"):
        if not fields.text(entry, "destination"):
            raise InvalidInput("a mount has no destination")
        fields.strings(entry, "options")
    _check_texts(fields.an_object(spec, "annotations") or {}, "annotations")
    _check_names(spec)


def _check_linux(linux: dict[str, Any]) -> None:
    if linux.get("intelRdt"):
        raise InvalidInput("intelRdt is not supported", hint="remove linux.intelRdt from config.json")
    for field in ("maskedPaths", "readonlyPaths"):
        fields.strings(linux, field)
    _check_texts(fields.an_object(linux, "sysctl") or {}, "sysctl")
    fields.objects(fields.an_object(linux, "resources") or {}, "devices")
    fields.objects(linux, "devices")
    fields.text(linux, "cgroupsPath")


def _check_names(spec: dict[str, Any]) -> None:
    for field in ("hostname", "domainname"):
        if fields.text(spec, field) and not _has_own(spec, "uts"):
            raise InvalidInput(f"unable to set {field} without a private UTS namespace")


def _has_own(spec: dict[str, Any], kind: str) -> bool:
    return any(entry.get("type") == kind for entry in fields.objects(spec["linux"], "namespaces"))


def _check_texts(section: dict[str, Any], name: str) -> None:
    for key, value in section.items():
        if not (fields.is_text(key) and fields.is_text(value)):
            raise InvalidInput(f"{name}.{key[:40]!r} is not a text without NUL")
