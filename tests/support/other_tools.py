"""Other tools of the field, each with folders of its own: skopeo, umoci, buildah, podman.

buildah and podman share one storage, as they do on any host.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from support.leaks import PREFIX
from support.waiting import SLOW

POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}'
CONTAINERS = """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
netns = "none"
"""


class Tools:
    """The tools over one folder; `close` removes all that they have made."""

    def __init__(self) -> None:
        os.makedirs(f"{PREFIX}d", mode=0o700, exist_ok=True)
        self.folder = tempfile.mkdtemp(prefix="tools-", dir=f"{PREFIX}d")
        Path(self.folder, "policy.json").write_text(POLICY)
        Path(self.folder, "containers.conf").write_text(CONTAINERS)
        places = f'runroot = "{self.folder}/running"\ngraphroot = "{self.folder}/storage"\n'
        Path(self.folder, "storage.conf").write_text(f'[storage]\ndriver = "vfs"\n{places}')

    def path(self, name: str) -> str:
        """A place of a test's own in the folder."""
        return f"{self.folder}/{name}"

    def skopeo(self, *words: str) -> str:
        """What it prints."""
        return self._out(["skopeo", "--policy", self.path("policy.json"), "--tmpdir", self.folder, *words])

    def umoci(self, *words: str) -> str:
        """What it prints."""
        return self._out(["umoci", *words])

    def buildah(self, *words: str) -> str:
        """What it prints; an image of a command is made without a network of its own."""
        return self._out(["buildah", *words])

    def podman(self, *words: str) -> str:
        """What it prints."""
        ways = [f"--tmpdir={self.path('tmpdir')}", "--cgroup-manager=cgroupfs", "--events-backend=none"]
        return self._out(["podman", *ways, *words])

    def close(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder)

    def _out(self, command: list[str]) -> str:
        environment = {
            **os.environ,
            "CONTAINERS_CONF": self.path("containers.conf"),
            "CONTAINERS_STORAGE_CONF": self.path("storage.conf"),
            "TMPDIR": self.folder,
        }
        result = subprocess.run(command, capture_output=True, env=environment, timeout=120 * SLOW)
        words = " ".join(command)
        assert result.returncode == 0, f"{words} returned {result.returncode}: {result.stderr.decode()}"
        return result.stdout.decode()
