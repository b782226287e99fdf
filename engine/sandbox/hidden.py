"""What of /proc and /sys a container must not see, and what it must not change."""

import functools
import os
from fnmatch import fnmatchcase
from typing import Any, Final

from engine.errors import InvalidInput
from engine.model import CreateOptions
from engine.sandbox.masks import MASKED, READ_ONLY

EVERYTHING: Final = "ALL"
_CPUS: Final = "/sys/devices/system/cpu"


def paths(options: CreateOptions) -> dict[str, Any]:
    """`linux.maskedPaths` and `linux.readonlyPaths`. Raises `InvalidInput`."""
    for path in options.masked:
        if not path.startswith("/") or "\0" in path:
            raise InvalidInput(f"the path {path!r} cannot be masked", hint="absolute ones can: mask=/proc/a:/proc/b")
    if options.privileged:
        return {"maskedPaths": list(options.masked)} if options.masked else {}
    masked = [path for path in (*MASKED, *throttles(_CPUS)) if not _is_open(path, options)]
    frozen = [path for path in READ_ONLY if not _is_open(path, options)]
    return {"maskedPaths": [*masked, *options.masked], "readonlyPaths": frozen}


def _is_open(path: str, options: CreateOptions) -> bool:
    return any(pattern == EVERYTHING or fnmatchcase(path, pattern) for pattern in options.unmasked)


@functools.cache
def throttles(folder: str) -> tuple[str, ...]:
    """Where each processor tells how hot it is, which tells what others do. Known once: a mask is no harm to a path
    that is not there any more."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return ()
    found = (f"{folder}/{name}/thermal_throttle" for name in names if name[:3] == "cpu" and name[3:].isdigit())
    return tuple(path for path in found if os.path.isdir(path))
