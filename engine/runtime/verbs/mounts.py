"""`mounts`: what is mounted in a container."""

import json
import sys
from typing import Any

from engine.kernel import files, proc
from engine.runtime import arguments, lifecycle
from engine.runtime.call import Call
from engine.runtime.store import Store

USAGE = "<container-id>\nlist the mounts of a container as a JSON array"
OPTIONS = ()


def main(call: Call) -> int:
    """In the order of mounting, with the paths that the container sees."""
    arguments.count(call.given.arguments, exactly=1, verb=call.verb)
    state = Store(call.root).read(call.id)
    with files.closing(lifecycle.open_first(state)):
        found = [_shown(mount) for mount in proc.read_mounts(state.pid)]
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    return 0


def _shown(mount: proc.Mount) -> dict[str, Any]:
    return {
        "destination": mount.target,
        "type": mount.kind,
        "source": mount.source,
        "root": mount.root,
        "options": [*mount.options, *(word for word in mount.super_options if word not in mount.options)],
        "propagation": list(mount.propagation),
    }
