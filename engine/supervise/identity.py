"""What a container is called, and the files in its /etc that say so: hosts, hostname, resolv.conf."""

import os
from collections.abc import Iterator

from engine import model
from engine.sandbox import sharing
from engine.state import files
from engine.state.paths import Paths

FILES = ("hosts", "hostname", "resolv.conf")
_MAX = 1 << 20
_HOST_GATEWAY = "host-gateway"


def hostname(container_id: str, options: model.CreateOptions) -> str:
    """Its host name: the host's where it has the host's uts namespace."""
    if sharing.mode(options, "uts") == "host":
        return os.uname().nodename
    return options.hostname or container_id[:12]


def write_files(paths: Paths, container: model.Container, resolv: str, gateway: str) -> None:
    """The three files, each in the container's own folder; those of a shared network are copies of the other's.

    `gateway` is the host's address on its first network, empty where it has none.
    """
    folder = paths.container(container.id)
    name = hostname(container.id, container.options)
    known = {"hosts": hosts(container, gateway), "hostname": f"{name}\n".encode(), "resolv.conf": resolv.encode()}
    for file, text in {**known, **_copies(paths, container.options)}.items():
        files.write_new(f"{folder}/{file}", text, mode=0o644)


def rewrite(paths: Paths, container: model.Container, **texts: bytes) -> None:
    """Change files where they are, since a container may have them mounted: `hosts=...`, `resolv_conf=...`.

    A container that shares another's network is given what the other has now.
    """
    folder = paths.container(container.id)
    named = {name.replace("_", "."): text for name, text in texts.items()}
    for name, text in {**named, **_copies(paths, container.options)}.items():
        with open(f"{folder}/{name}", "r+b", opener=_no_link) as file:
            if file.read(_MAX) != text:
                file.seek(0)
                file.write(text)
                file.truncate()


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)


def hosts(container: model.Container, gateway: str) -> bytes:
    """The hosts file: itself by its addresses, and what the operator adds."""
    lines = ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", *_own(container)]
    for entry in container.options.hosts:
        name, _colon, address = entry.partition(":")
        address = gateway if address == _HOST_GATEWAY else address
        if address:
            lines.append(f"{address}\t{name}")
    return "".join(f"{line}\n" for line in lines).encode()


def _own(container: model.Container) -> Iterator[str]:
    name = hostname(container.id, container.options)
    addresses = [one for place in container.endpoints for one in (place.address, place.address6) if one]
    for address in addresses or ["127.0.1.1"]:
        yield f"{address}\t{name}"


def _copies(paths: Paths, options: model.CreateOptions) -> dict[str, bytes]:
    neighbour = sharing.neighbours(options).get("network")
    folder = paths.container(neighbour) if neighbour else "/etc"
    if sharing.is_own(options, "network"):
        return {}
    found = {name: files.read(f"{folder}/{name}") for name in ("hosts", "resolv.conf")}
    return {name: text[:_MAX] for name, text in found.items() if text is not None}
