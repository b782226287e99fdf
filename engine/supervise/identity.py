"""What a container is called, and the files in its /etc that say so: hosts, hostname, resolv.conf."""

import os

from engine import model
from engine.sandbox import sharing
from engine.state import files
from engine.state.paths import Paths

FILES = ("hosts", "hostname", "resolv.conf")
_MAX = 1 << 20


def hostname(container_id: str, options: model.CreateOptions) -> str:
    """Its host name: the host's where it has the host's uts namespace."""
    if sharing.mode(options, "uts") == "host":
        return os.uname().nodename
    return options.hostname or container_id[:12]


def write_files(paths: Paths, container: model.Container) -> None:
    """The three files, each in the container's own folder; those of a shared network are copies of the other's."""
    folder = paths.container(container.id)
    name = hostname(container.id, container.options)
    known = {"hosts": _hosts(name), "hostname": f"{name}\n".encode(), "resolv.conf": b""}
    for file, text in {**known, **_copies(paths, container.options)}.items():
        files.write_new(f"{folder}/{file}", text, mode=0o644)


def _hosts(name: str) -> bytes:
    return f"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t{name}\n".encode()


def _copies(paths: Paths, options: model.CreateOptions) -> dict[str, bytes]:
    neighbour = sharing.neighbours(options).get("network")
    folder = paths.container(neighbour) if neighbour else "/etc"
    if sharing.is_own(options, "network"):
        return {}
    found = {name: files.read(f"{folder}/{name}") for name in ("hosts", "resolv.conf")}
    return {name: text[:_MAX] for name, text in found.items() if text is not None}
