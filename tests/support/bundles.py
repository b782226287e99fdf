"""Bundles for `qd-runtime`, and the command itself as a person or an engine calls it."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

COMMAND = os.path.join(os.path.dirname(sys.executable), "qd-runtime")


class Outcome(NamedTuple):
    """What a command line did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


class Runtime:
    """One root folder of states, and a bundle in which the tests work."""

    def __init__(self, folder: Path, rootfs: str) -> None:
        self.root = str(folder / "state")
        self.bundle = str(folder / "bundle")
        self.ids: list[str] = []
        os.makedirs(self.bundle)
        os.symlink(rootfs, f"{self.bundle}/rootfs")
        assert self("spec", "--bundle", self.bundle).code == 0
        self.configure(lambda spec: spec["process"].update(terminal=False))

    def __call__(self, *words: str, stdin: str = "", timeout: float = 60.0) -> Outcome:
        """Run a command line with our root folder."""
        done = subprocess.run(
            [COMMAND, "--root", self.root, *words], input=stdin, capture_output=True, text=True, timeout=timeout
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def configure(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change config.json."""
        path = Path(self.bundle, "config.json")
        spec = json.loads(path.read_text())
        change(spec)
        path.write_text(json.dumps(spec))

    def args(self, *words: str) -> None:
        """Set the program."""
        self.configure(lambda spec: spec["process"].update(args=list(words)))

    def name(self) -> str:
        """A new container id, of a container that is deleted at the end."""
        self.ids.append(f"t{uuid.uuid4().hex[:12]}")
        return self.ids[-1]

    def run(self, *options: str, timeout: float = 60.0) -> Outcome:
        """`run` in the foreground."""
        return self("run", "--bundle", self.bundle, *options, self.name(), timeout=timeout)

    def started(self, *options: str) -> str:
        """The id of a container whose program goes on in the background."""
        container_id = self.name()
        outcome = self.detached("run", "--detach", "--bundle", self.bundle, *options, container_id)
        assert outcome.code == 0, outcome.err
        return container_id

    def created(self, *options: str) -> str:
        """The id of a container that waits for its start."""
        container_id = self.name()
        outcome = self.detached("create", "--bundle", self.bundle, *options, container_id)
        assert outcome.code == 0, outcome.err
        return container_id

    def detached(self, *words: str) -> Outcome:
        """A command whose container inherits its streams: files, since a pipe would stay open with it."""
        out = Path(self.bundle, "out")
        with out.open("w") as file:
            done = subprocess.run(
                [COMMAND, "--root", self.root, "--log", f"{self.bundle}/log", *words],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=60,
            )
        return Outcome(done.returncode, "", out.read_text())

    def status(self, container_id: str) -> str:
        """What `state` says."""
        return str(self("state", container_id).json["status"])

    def close(self) -> None:
        """Delete what is left."""
        for container_id in self.ids:
            self("delete", "--force", container_id)
