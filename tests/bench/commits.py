"""How long a commit takes beside Docker's: one large file, and many small ones."""

import os
import shutil
from contextlib import ExitStack
from itertools import count
from typing import Final

from bench.figures import Row, milliseconds, paired_row, pairs, run_seconds
from support.deck import QD, Deck
from support.docker import IMAGE, Docker

BASE: Final = "localhost/base"
CHANGES: Final = {
    "100 MB of random bytes": "dd if=/dev/urandom of=/big bs=1000000 count=100",
    "20,000 small files": "mkdir /many && cd /many && i=0; while [ $i -lt 20000 ]; do echo $0 $i >$i; i=$((i+1)); done",
}
"""The number of the round is `$0`."""


def against_docker(deck: Deck, rounds: int) -> list[Row]:
    """`qd commit` and `docker commit` of the same change, as whole commands, the container stopped.

    Every round has a container of its own, and nothing is removed before the end: ext4 looks at each inode that was
    deleted within the last minutes before it gives out another one, which makes whoever comes next five times slower.
    """
    with ExitStack() as undo:
        docker = None
        if shutil.which("dockerd"):
            docker = Docker()
            undo.callback(docker.close)
        return [_row(what, script, deck, docker, rounds) for what, script in CHANGES.items()]


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
    deck.out("run", "--name", name, BASE, "sh", "-c", script, str(number))
    return run_seconds([QD, "commit", name], deck.environment)


def _theirs(docker: Docker, script: str, number: int) -> float:
    name = f"changed-{os.urandom(4).hex()}"
    docker.out("run", "--runtime", "qd", "--name", name, IMAGE, "sh", "-c", script, str(number))
    return run_seconds(docker.command("commit", name))
