"""An OCI bundle with a small root, that a test may spoil, and the runtime's command on it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from support import busybox
from support.waiting import SLOW

RUNTIME = str(Path(sys.executable).parent / "qd-runtime")
PARENT = f"qd-bundle-{os.getpid()}"
"""Of the containers' cgroups; `cgroupfs_left.remove_empty` takes it away."""


class Bundle:
    """One folder with config.json and rootfs; the states of its containers are beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.rootfs = Path(busybox.make_root(f"{folder}/rootfs"))
        subprocess.run([RUNTIME, "spec", "--bundle", str(folder)], check=True, timeout=60)
        self.spec: dict[str, Any] = json.loads((folder / "config.json").read_text())
        self.spec["process"]["terminal"] = False
        self.spec["root"]["readonly"] = False
        self.spec["linux"]["cgroupsPath"] = f"/{PARENT}/{folder.name}"

    def mount(self, destination: str, **fields: Any) -> None:
        """One more mount behind the others."""
        self.spec["mounts"].append({"destination": destination, **fields})

    def runtime(self, *words: str, seconds: float = 30) -> "subprocess.CompletedProcess[str]":
        """The command with states of its own."""
        command = [RUNTIME, "--root", f"{self.folder}/states", *words]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=seconds * SLOW
        )

    def write(self) -> None:
        """Put the specification on disk as it is now."""
        (self.folder / "config.json").write_text(json.dumps(self.spec))

    def run(self, *arguments: str, seconds: float = 30) -> "subprocess.CompletedProcess[str]":
        """`qd-runtime run` of a program, to its end."""
        self.spec["process"]["args"] = list(arguments)
        self.write()
        return self.runtime("run", "--bundle", str(self.folder), self.folder.name, seconds=seconds)

    def containers(self) -> list[str]:
        """Names of what the runtime still knows."""
        return self.runtime("list", "-q").stdout.split()
