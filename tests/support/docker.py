"""Debian's Docker with a daemon of its own, above a runtime that is tested.

The daemon has its own folders, socket and cgroup parent. It has no bridge and leaves the host's packet filter alone,
unless it is started where both are a test's own.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from support import busybox, cgroupfs_left
from support.leaks import PREFIX
from support.waiting import SLOW, until

RUNTIME = str(Path(sys.executable).parent / "qd-runtime")
IMAGE = "box"
PLACES = ("/etc/docker", "/run/docker", "/run/containerd", "/opt/containerd")
"""What dockerd and containerd make wherever they are told to live."""


class Docker:
    """One daemon and its client; `close` ends it and removes what it has made."""

    def __init__(self, base: str = f"{PREFIX}d", *, bridge: bool = False) -> None:
        os.makedirs(base, mode=0o700, exist_ok=True)
        self.folder = tempfile.mkdtemp(prefix="docker-", dir=base)
        self.parent = f"qd-docker-{os.getpid()}"
        """Of its containers' cgroups."""
        self._new = [path for path in PLACES if not os.path.exists(path)]
        self._log = Path(self.folder, "log")
        with self._log.open("wb") as log:
            self._daemon = subprocess.Popen(self._command(bridge), stdout=log, stderr=log)
        until(self._answers, "an answer of dockerd", 60, self._log.read_text)
        self._import()

    def _command(self, bridge: bool) -> list[str]:
        places = [f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec", f"--pidfile={self.folder}/pid"]
        nothing_of_the_host = ["--bridge=none", "--iptables=false", "--ip-masq=false", "--ip-forward=false"]
        cgroups = ["--exec-opt=native.cgroupdriver=cgroupfs", f"--cgroup-parent=/{self.parent}"]
        socket = f"--host=unix://{self.folder}/sock"
        return [
            "dockerd",
            *places,
            *([] if bridge else nothing_of_the_host),
            *cgroups,
            socket,
            f"--add-runtime=qd={RUNTIME}",
        ]

    def _answers(self) -> bool:
        assert self._daemon.poll() is None, f"dockerd has ended: {self._log.read_text()}"
        return self.run("version").returncode == 0

    def _import(self) -> None:
        root = busybox.make_root(f"{self.folder}/rootfs")
        subprocess.run(["tar", "-C", root, "-cf", f"{self.folder}/rootfs.tar", "."], check=True)
        self.out("import", f"{self.folder}/rootfs.tar", IMAGE)

    def command(self, *words: str) -> list[str]:
        """The words of a client of this daemon: the package's own, whatever else is called docker here."""
        client = "/usr/bin/docker" if os.path.exists("/usr/bin/docker") else "docker"
        return [client, "--host", f"unix://{self.folder}/sock", *words]

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command to its end."""
        environment = {**os.environ, "DOCKER_CONFIG": f"{self.folder}/config"}
        return subprocess.run(self.command(*words), capture_output=True, text=True, env=environment, timeout=60 * SLOW)

    def out(self, *words: str) -> str:
        """What a command that must succeed prints."""
        result = self.run(*words)
        assert result.returncode == 0, f"docker {' '.join(words)} returned {result.returncode}: {result.stderr}"
        return result.stdout

    def box(self, *options_and_command: str) -> "subprocess.CompletedProcess[str]":
        """`docker run --rm --runtime qd`: options, then `--`, then the command."""
        split = options_and_command.index("--")
        options, command = options_and_command[:split], options_and_command[split + 1 :]
        return self.run("run", "--rm", "--runtime", "qd", *options, IMAGE, *command)

    def start(self, name: str, script: str, *options: str) -> None:
        """A container in the background that runs a shell script."""
        self.out("run", "-d", "--runtime", "qd", "--name", name, *options, IMAGE, "sh", "-c", script)

    def inspect(self, name: str, field: str) -> str:
        """One field by its Go template."""
        return self.out("inspect", "--format", "{{." + field + "}}", name).strip()

    def remove_all(self) -> None:
        """Remove every container, running or not."""
        if names := self.out("ps", "-aq").split():
            self.out("rm", "-f", *names)

    def close(self) -> None:
        """End the daemon, and with it its containerd."""
        self.remove_all()
        self._daemon.terminate()
        self._daemon.wait(30 * SLOW)
        cgroupfs_left.remove_empty(self.parent)
        for path in (self.folder, *self._new):
            shutil.rmtree(path, ignore_errors=path in self._new)
