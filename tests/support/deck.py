"""One engine in folders of its own, its client, and the installed command against it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from support.leaks import PREFIX, ROOTS
from support.waiting import SLOW, until_gone

from engine import errors
from engine.client import Engine
from engine.image.builtin import base
from engine.state.paths import Paths
from engine.supervise.networks.store import BUILT_IN

QD = str(Path(sys.executable).parent / "qd")
"""The installed command."""


class Outcome(NamedTuple):
    """What a command returned and said."""

    code: int
    out: str
    err: str


def new_paths() -> Paths:
    """Two new folders on a short path."""
    base = tempfile.mkdtemp(prefix="", dir=_base())
    ROOTS.add(f"{base}/root")
    return Paths(f"{base}/root", f"{base}/run")


def new_deck(store: Paths) -> "Deck":
    """A new engine with the images of that store; not started yet."""
    paths = new_paths()
    copy_store(store, paths)
    return Deck(paths)


def _base() -> str:
    """`PREFIX` is what the leak check looks for, so every folder begins with it."""
    folder = f"{PREFIX}d"
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return folder


def copy_store(source: Paths, target: Paths) -> None:
    """Give `target` the images of `source` by hard links; engines only read layers and replace the index whole."""
    os.makedirs(target.root, mode=0o700)
    for folder in (source.images, source.layers):
        subprocess.run(["cp", "--archive", "--link", folder, f"{target.root}/"], check=True)


class Deck:
    """An engine that a test owns."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.engine = Engine(paths)

    @property
    def environment(self) -> dict[str, str]:
        """What the command and a terminal need to find this engine."""
        places = {"QUARTERDECK_ROOT": self.paths.root, "QUARTERDECK_RUN": self.paths.run}
        path = f"{Path(QD).parent}:{os.environ.get('PATH', '/usr/sbin:/usr/bin')}"
        return {**os.environ, **places, "PATH": path, "LC_ALL": "C.UTF-8"}

    def qd(self, *arguments: str, stdin: str = "", seconds: float = 60.0) -> Outcome:
        """Run the installed command to its end."""
        result = subprocess.run(
            [QD, *arguments],
            input=stdin.encode(),
            capture_output=True,
            env=self.environment,
            timeout=seconds * SLOW,
        )
        return Outcome(
            result.returncode, result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace")
        )

    def out(self, *arguments: str, stdin: str = "") -> str:
        """The standard output of a command that must succeed."""
        outcome = self.qd(*arguments, stdin=stdin)
        assert outcome.code == 0, f"qd {' '.join(arguments)} returned {outcome.code}: {outcome.err}{outcome.out}"
        return outcome.out

    def start(self, *arguments: str) -> str:
        """`qd run -d` with these arguments; the container's id."""
        return self.out("run", "-d", *arguments).strip()

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the command and leave it running, with pipes."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [QD, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, env=self.environment, text=True, bufsize=1
        )

    def remove_all(self) -> None:
        """Remove every container, running or not, every network, and every image but the built-in one."""
        for container in self.engine.containers():
            try:
                self.engine.remove(container.id, force=True)
            except errors.NotFound:
                continue  # --rm was faster
        for network in self.engine.networks():
            if network.id not in BUILT_IN:
                self.engine.remove_network(network.id, force=True)
        for image in self.engine.images():
            if base.NAME not in image.names:
                self.engine.remove_image(image.id, force=True)

    def end(self) -> None:
        """Remove the containers, end both processes, and fail where one of them, or a file of a container, stays."""
        if not os.path.exists(self.paths.socket):
            self._forget()
            return
        self.remove_all()
        info = self.engine.info()
        self.engine.close()
        left = [pid for pid in (info.supervisor_pid, info.keeper_pid) if not _terminate(pid)]
        folders = os.listdir(self.paths.containers) if os.path.exists(self.paths.containers) else []
        self._forget()
        assert not left, f"processes that did not end: {left}"
        assert not folders, f"folders of containers that were removed: {folders}"

    def _forget(self) -> None:
        self.engine.close()
        shutil.rmtree(os.path.dirname(self.paths.root))


def _terminate(pid: int) -> bool:
    """SIGTERM, and SIGKILL where that is not heard; whether the first was enough."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        if until_gone(pid, 10.0):
            return number == signal.SIGTERM
    return False
