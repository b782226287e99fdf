"""How long a pull takes beside podman's, of one image from one registry on loopback."""

import gzip
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench.figures import Row, milliseconds, paired_row, pairs, run_seconds
from support import images, leaks, registry_images, registry_server
from support.deck import QD, Deck, new_paths
from support.images import Layer

SOURCES: Final = {"/usr/bin": 90 << 20, "/usr/lib/x86_64-linux-gnu": 70 << 20, "/usr/share": 20 << 20}
"""A layer each, of so many bytes of this host's own files: some 180 MB in a few thousand files."""
REPOSITORY: Final = "bench/app"


def pull_against_podman(rounds: int) -> list[Row]:
    """`qd pull` and `podman pull` as whole commands, each time into storage that is empty.

    Nothing is removed before the end: ext4 is slow to give out inodes after many have been deleted.
    """
    title = "qd pull of an image of 180 MB from loopback, against podman pull"
    if shutil.which("docker-registry") is None:
        return [Row(title, "docker-registry is not installed")]
    with ExitStack() as undo:
        registry = undo.enter_context(registry_server.running())
        registry_images.put(registry.host, REPOSITORY, "1", [_layer(*source) for source in SOURCES.items()])
        name = f"{registry.host}/{REPOSITORY}:1"
        if shutil.which("podman") is None:
            return [Row(title, milliseconds(_ours(name, undo)), "not installed")]
        return [paired_row(title, pairs(lambda: _ours(name, undo), lambda: _theirs(name, undo), rounds))]


def _ours(name: str, undo: ExitStack) -> float:
    deck = Deck(new_paths())
    undo.callback(deck.end)
    deck.engine.info()  # a supervisor is there
    return run_seconds([QD, "pull", "--quiet", name], deck.environment)


def _theirs(name: str, undo: ExitStack) -> float:
    folder = tempfile.mkdtemp(prefix="podman-", dir=f"{leaks.PREFIX}d")
    places = [f"--{place}={folder}/{place}" for place in ("root", "runroot", "tmpdir")]
    podman = ["podman", *places, "--cgroup-manager=cgroupfs", "--events-backend=none"]
    undo.callback(shutil.rmtree, folder, ignore_errors=True)
    undo.callback(run_seconds, [*podman, "system", "reset", "--force"])
    return run_seconds([*podman, "pull", "--quiet", "--tls-verify=false", name])


def _layer(folder: str, most: int) -> Layer:
    """The files of a folder, as many as fit, as a layer compressed with gzip."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in _files(folder):
            if tar.offset + os.path.getsize(path) < most:
                tar.add(path, arcname=str(path)[1:])
    archive = buffer.getvalue()
    return Layer(gzip.compress(archive, 5, mtime=0), images.sha256(archive))


def _files(folder: str) -> Iterator[Path]:
    for place, _, names in sorted(os.walk(folder)):
        paths = (Path(place, name) for name in sorted(names))
        yield from (path for path in paths if path.is_file() and not path.is_symlink())
