"""The flags of what a container sees beside its image: directories of the host, volumes, images, tmpfs."""

import os
from argparse import Namespace
from typing import Any

from engine.cli.arguments import Parser
from engine.cli.parse.mount import parse_tmpfs, parse_volume


def add_mount_flags(parser: Parser) -> None:
    """Docker's."""
    add = parser.add_argument
    several: dict[str, Any] = {"action": "append", "default": []}
    add(
        "-v",
        "--volume",
        **several,
        metavar="[HOST:]PATH[:ro]",
        help="a directory of the host, a volume by its name, or without either a new volume",
    )
    add(
        "--mount",
        **several,
        metavar="KEY=VALUE,...",
        help="type=bind|volume|tmpfs|image,source=...,target=...,readonly",
    )
    add("--volumes-from", **several, metavar="CONTAINER[:ro]", help="the mounts of another container")
    add("--tmpfs", **several, metavar="PATH[:OPTIONS]", help="a tmpfs")
    parser.flag("--read-only", help="the root file system cannot be written")


def mounts_of(args: Namespace) -> dict[str, Any]:
    """The fields of `model.CreateOptions` that these flags ask for. Raises `InvalidInput`."""
    here = os.getcwd()
    found: dict[str, list[Any]] = {
        "binds": [],
        "volumes": [],
        "images": [],
        "tmpfs": list(map(parse_tmpfs, args.tmpfs)),
    }
    for text in args.volume:
        mount = parse_volume(text, here)
        found["binds" if hasattr(mount, "source") else "volumes"].append(mount)
    for field, mount in _long(args.mount, here):
        found[field].append(mount)
    lists = {field: tuple(mounts) for field, mounts in found.items()}
    return {
        **lists,
        "tmpfs": dict(found["tmpfs"]),
        "volumes_from": tuple(args.volumes_from),
        "read_only": args.read_only,
    }


def _long(texts: list[str], here: str) -> list[tuple[str, Any]]:
    if not texts:
        return []
    from engine.cli.parse.long_mount import parse_mount

    return [pair for text in texts for pair in parse_mount(text, here).items()]
