"""Gives the listener of a container's seccomp filter to the agent that answers for its calls. Standard library only."""

import json
import os
from collections.abc import Callable
from typing import Any

from engine.errors import SetupFailed
from engine.sandbox import drive

FD_NAME = "seccompFd"
"""What the listener is called in the message. Source: OCI runtime-spec 1.2, config-linux.md, "Seccomp"."""


def to_agent(linux: dict[str, Any], state: dict[str, Any], pid: Callable[[], int]) -> Callable[[int], None]:
    """What `drive` does with the listener: the agent's socket gets it, and is told whose it is.

    `state` is the container's, as hooks read it; `pid` that of the process under the filter, asked when it is there.
    """
    section = linux.get("seccomp") or {}

    def hand_over(listener: int) -> None:
        message = {"ociVersion": state["ociVersion"], "fds": [FD_NAME], "pid": pid()}
        if metadata := section.get("listenerMetadata"):
            message["metadata"] = metadata
        _send(section["listenerPath"], json.dumps(message | {"state": state}).encode(), listener)

    return hand_over


def _send(path: str, message: bytes, listener: int) -> None:
    try:
        drive.send_fd(path, message, listener)
    except OSError as err:
        words = os.strerror(err.errno or 0).lower()
        raise SetupFailed(
            f"failed to connect with seccomp agent specified in the seccomp profile: {path}: {words}",
            hint="somebody must listen at listenerPath before the container is created",
            errno=err.errno or 0,
        ) from err
