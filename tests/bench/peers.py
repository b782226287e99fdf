"""The peers on the same root file system: podman with the base image in a store of its own, crun and runc
with a bundle."""

import json
import os
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

from engine.client import Engine
from engine.runtime import template
from engine.sandbox import seccomp_profile


class Podman:
    """Debian's podman with folders of its own; it gets the base image from the engine's own store."""

    def __init__(self, folder: Path, undo: ExitStack) -> None:
        places = ["--root", f"{folder}/root", "--runroot", f"{folder}/run", "--tmpdir", f"{folder}/tmp"]
        self._command = ["podman", *places, "--cgroup-manager=cgroupfs", "--events-backend=none"]
        undo.callback(self._forget)

    def load(self, engine: Engine) -> None:
        """Take the base image over, out of the OCI layout that the engine keeps."""
        self._do("pull", "--quiet", f"oci:{engine.paths.images}:localhost/base:latest")
        self._do("tag", self._image(), "localhost/base:latest")

    def run(self, *arguments: str, options: tuple[str, ...] = ("--rm",)) -> list[str]:
        """The command that runs a program in the base image, with no network.

        The rlimits are named because podman asks for the host's highest, which a root without CAP_SYS_RESOURCE may
        not give.
        """
        fixed = ["--network", "none", "--ulimit", "nofile=1024:4096", "--ulimit", "nproc=1024:4096"]
        return [*self._command, "run", *options, *fixed, "localhost/base:latest", *arguments]

    def command(self, *arguments: str) -> list[str]:
        """Any other command of it."""
        return [*self._command, *arguments]

    def _image(self) -> str:
        return self._do("images", "--quiet", "--no-trunc").split()[0]

    def _do(self, *arguments: str) -> str:
        result = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=300)
        if result.returncode != 0:
            raise RuntimeError(f"podman {' '.join(arguments)}: {result.stderr.strip()}")
        return result.stdout

    def _forget(self) -> None:
        subprocess.run(self.command("system", "reset", "--force"), capture_output=True, timeout=300)


class Bundle:
    """A bundle over the unpacked base layer, and the runtimes that run it: crun, runc and our own."""

    def __init__(self, folder: Path, undo: ExitStack) -> None:
        self._folder = folder
        self._number = 0
        undo.callback(shutil.rmtree, folder, ignore_errors=True)

    def load(self, engine: Engine, *arguments: str, seccomp: bool = False) -> None:
        """A root that is the layer itself, read-only, so that nothing of it changes; perhaps with Docker's policy."""
        self._folder.mkdir()
        spec = template.spec() | {"ociVersion": "1.0.2"}  # of Debian's crun, which refuses later ones
        (layer,) = engine.images()[0].layers
        spec["root"] = {"path": f"{engine.paths.layers}/{layer.removeprefix('sha256:')}/fs", "readonly": True}
        spec["process"] |= {"args": list(arguments), "terminal": False}
        del spec["process"]["rlimits"]
        if seccomp:
            spec["linux"]["seccomp"] = seccomp_profile.default(spec["process"]["capabilities"]["bounding"])
        (self._folder / "config.json").write_text(json.dumps(spec))

    def run(self, runtime: str) -> list[str]:
        """The command that runs the bundle once."""
        self._number += 1
        places = ["--root", f"{self._folder}/{os.path.basename(runtime)}"]
        return [runtime, *places, "run", "--bundle", str(self._folder), f"quarterdeck-bench-{self._number}"]
