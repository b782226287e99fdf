"""Podman of the host, with folders and cgroups of its own, above a runtime that is tested."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from support import busybox, cgroupfs_left
from support.leaks import PREFIX
from support.waiting import SLOW

RUNTIME = os.environ.get("PODMAN_RUNTIME") or str(Path(sys.executable).parent / "qd-runtime")
"""The command under test; another runtime by its path shows whether a failure is the driver's own."""
IMAGE = "localhost/box"
CONF = """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
netns = "none"
cgroups = "enabled"
"""
"""Podman asks for more files than a host without CAP_SYS_RESOURCE may give."""


class Podman:
    """One podman; `close` removes all that it has made."""

    def __init__(self) -> None:
        os.makedirs(f"{PREFIX}d", mode=0o700, exist_ok=True)
        self.folder = tempfile.mkdtemp(prefix="podman-", dir=f"{PREFIX}d")
        self.parent = f"qd-podman-{os.getpid()}"
        """Of its containers' cgroups."""
        Path(self.folder, "containers.conf").write_text(CONF)
        root = busybox.make_root(f"{self.folder}/rootfs")
        subprocess.run(["tar", "-C", root, "-cf", f"{self.folder}/rootfs.tar", "."], check=True)
        self.out("import", f"{self.folder}/rootfs.tar", IMAGE)

    def command(self, *words: str) -> list[str]:
        """The words of a podman that speaks to our folders and our runtime."""
        places = [f"--{name}={self.folder}/{name}" for name in ("root", "runroot", "tmpdir")]
        ways = ["--cgroup-manager=cgroupfs", "--events-backend=none", f"--runtime={RUNTIME}"]
        return ["podman", *places, *ways, *words]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "CONTAINERS_CONF": f"{self.folder}/containers.conf"}

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command to its end."""
        command = self.command(*words)
        return subprocess.run(command, capture_output=True, text=True, env=self.environment, timeout=60 * SLOW)

    def out(self, *words: str) -> str:
        """What a command that must succeed prints."""
        result = self.run(*words)
        assert result.returncode == 0, f"podman {' '.join(words)} returned {result.returncode}: {result.stderr}"
        return result.stdout

    def box(self, *options_and_command: str) -> "subprocess.CompletedProcess[str]":
        """`podman run --rm`: options, then `--`, then the command."""
        split = options_and_command.index("--")
        options, command = options_and_command[:split], options_and_command[split + 1 :]
        return self.run("run", "--rm", f"--cgroup-parent=/{self.parent}", *options, IMAGE, *command)

    def start(self, name: str, script: str, *options: str) -> None:
        """A container in the background that runs a shell script."""
        where = f"--cgroup-parent=/{self.parent}"
        self.out("run", "-d", "--name", name, where, *options, IMAGE, "sh", "-c", script)

    def inspect(self, name: str, field: str) -> str:
        """One field by its Go template."""
        return self.out("inspect", "--format", "{{." + field + "}}", name).strip()

    def close(self) -> None:
        """Remove the containers, podman's folders, and the cgroup above its containers."""
        self.run("rm", "-f", "-t", "0", "--all")
        subprocess.run(["umount", "-q", f"{self.folder}/root/overlay"], check=False)
        shutil.rmtree(self.folder)
        cgroupfs_left.remove_empty(self.parent)
