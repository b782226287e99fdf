"""How long a commit takes beside Docker's: one large file, and many small ones."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from bench.figures import Row, milliseconds, paired_row, pairs, run_seconds
from support.deck import QD, Deck
from support.docker import IMAGE, Docker

from engine.state.paths import Paths

BASE: Final = "localhost/base"
_DISK_BYTES: Final = 16 << 30
CHANGES: Final = {
    "100 MB of random bytes": "dd if=/dev/urandom of=/big bs=1000000 count=100",
    "20,000 small files": "mkdir /many && cd /many && i=0; while [ $i -lt 20000 ]; do echo $0 $i >$i; i=$((i+1)); done",
}
"""The number of the round is `$0`."""


def against_docker(rounds: int, folder: Path) -> list[Row]:
    """`qd commit` and `docker commit` of the same change, as whole commands, the container stopped.

    On a file system that nobody else writes to, every round with a container of its own, and nothing is removed before
    the end: ext4 looks at each inode that was deleted within the last minutes before it gives out another one, which
    makes whoever comes next five times slower.
    """
    with own_file_system(folder) as base, ExitStack() as undo:
        deck = Deck(Paths(f"{base}/qd/root", f"{base}/qd/run"))
        undo.callback(deck.end)
        deck.engine.build_base()
        docker = None
        if shutil.which("dockerd"):
            docker = Docker(base)
            undo.callback(docker.close)
        return [_row(what, script, deck, docker, rounds) for what, script in CHANGES.items()]


@contextmanager
def own_file_system(folder: Path) -> Iterator[str]:
    """A new ext4 on a loop device, in a file of which only what is written takes space."""
    image, target = folder / "ext4", folder / "mnt"
    with image.open("wb") as file:
        file.truncate(_DISK_BYTES)
    target.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(target)], check=True)
    try:
        yield str(target)
    finally:
        subprocess.run(["umount", str(target)], check=True)


def _row(what: str, script: str, deck: Deck, docker: Docker | None, rounds: int) -> Row:
    title = f"qd commit of {what}, against docker commit"
    numbers = count()
    if docker is None:
        return Row(title, milliseconds(_ours(deck, script, next(numbers))), "not installed")
    theirs = docker
    return paired_row(
        title,
        pairs(lambda: _ours(deck, script, next(numbers)), lambda: _theirs(theirs, script, next(numbers)), rounds),
    )


def _ours(deck: Deck, script: str, number: int) -> float:
    name = f"changed-{os.urandom(4).hex()}"
    deck.out("run", "--network", "none", "--name", name, BASE, "sh", "-c", script, str(number))
    return run_seconds([QD, "commit", name], deck.environment)


def _theirs(docker: Docker, script: str, number: int) -> float:
    name = f"changed-{os.urandom(4).hex()}"
    docker.out("run", "--runtime", "qd", "--name", name, IMAGE, "sh", "-c", script, str(number))
    return run_seconds(docker.command("commit", name))
