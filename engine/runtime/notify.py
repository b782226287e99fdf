"""What a service manager says by the environment: NOTIFY_SOCKET and LISTEN_FDS. Standard library only.

The folder of a socket is bound into the container, and the program's messages are passed on to the manager's own: the
manager believes only processes of the service. Source: sd_notify(3), sd_listen_fds(3).
"""

import os
from typing import Any, Final

_INSIDE: Final = "/run/notify"
_NAME: Final = "notify.sock"


def arranged(spec: dict[str, Any], folder: str) -> dict[str, Any]:
    """The spec with what the program needs of both; `folder` is the container's own."""
    environment = list(spec["process"].get("env") or ())
    mounts = list(spec.get("mounts") or ())
    if os.environ.get("NOTIFY_SOCKET"):
        os.mkdir(f"{folder}/notify", 0o755)
        options = ["bind", "nosuid", "noexec", "nodev", "ro"]
        mounts.append({"destination": _INSIDE, "type": "bind", "source": f"{folder}/notify", "options": options})
        environment.append(f"NOTIFY_SOCKET={_INSIDE}/{_NAME}")
    if listening():
        environment += [f"LISTEN_FDS={os.environ['LISTEN_FDS']}", "LISTEN_PID=1"]
    return spec | {"mounts": mounts, "process": spec["process"] | {"env": environment}}


def listening() -> int:
    """How many sockets a service manager has given us."""
    text = os.environ.get("LISTEN_FDS", "")
    return int(text) if text.isascii() and text.isdigit() and int(text[:5]) < 1024 else 0
