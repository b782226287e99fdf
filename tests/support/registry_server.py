"""Debian's docker-registry on loopback: open, with passwords over TLS, or with tokens.

Each has its own folder below the test run's, and a port that the kernel chooses.
"""

import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.leaks import PREFIX
from support.waiting import SLOW, until

USER, PASSWORD = "deckhand", "c0rrect:h%rse"  # with what URLs and Basic take for their own
_PROGRAM = "docker-registry"


class RegistryServer:
    """One running registry; `running` makes and ends it."""

    def __init__(self, folder: str, process: "subprocess.Popen[bytes]", host: str, certificate: str) -> None:
        self.folder = folder
        self.process = process
        self.host = host
        """127.0.0.1:PORT."""
        self.certificate = certificate
        """The file of its certificate, which is its own authority; empty without TLS."""

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{'https' if self.certificate else 'http'}://{self.host}"

    def blob_path(self, digest: str) -> Path:
        """The file in which it keeps a blob."""
        name = digest.removeprefix("sha256:")
        return Path(self.folder, "data/docker/registry/v2/blobs/sha256", name[:2], name, "data")

    def log(self) -> str:
        """What it has said."""
        return Path(self.folder, "log").read_text(errors="replace")

    def get(self, path: str, accept: str = "*/*") -> tuple[bytes, dict[str, str]]:
        """The body and the headers of one answer, for a registry without passwords."""
        request = urllib.request.Request(f"{self.url}{path}", headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=20 * SLOW) as answer:
            return answer.read(), {key.lower(): value for key, value in answer.headers.items()}

    def tags(self, repository: str) -> list[str]:
        """The tags of a repository; none where there is no such repository."""
        try:
            return sorted(json.loads(self.get(f"/v2/{repository}/tags/list")[0])["tags"] or [])
        except urllib.error.HTTPError:
            return []


@contextmanager
def running(*, password: bool = False, token: dict[str, str] | None = None) -> Iterator[RegistryServer]:
    """A registry until the end of the block. `password`: of USER, over TLS. `token`: docker-registry's `auth.token`."""
    os.makedirs(f"{PREFIX}d", mode=0o700, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="registry-", dir=f"{PREFIX}d")
    try:
        certificate = make_certificate(folder) if password else ""
        config = _config(folder, certificate, _auth(folder, token) if password or token else None)
        Path(folder, "config.yml").write_text(json.dumps(config))  # JSON is YAML
        with _started(folder) as process:
            yield RegistryServer(folder, process, _host(folder, process), certificate)
    finally:
        shutil.rmtree(folder)


def make_certificate(folder: str, name: str = "server") -> str:
    """A certificate of loopback that is its own authority; its key lies beside it as NAME.key."""
    path, key = f"{folder}/{name}.crt", f"{folder}/{name}.key"
    subject = ["-subj", f"/CN=quarterdeck test {name}", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    kind = ["-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run(
        ["openssl", "req", "-x509", *kind, *subject, "-keyout", key, "-out", path],
        check=True, capture_output=True, timeout=60 * SLOW,
    )  # fmt: skip
    return path


def trusting(certificate: str) -> ssl.SSLContext:
    """For clients of the tests' own."""
    return ssl.create_default_context(cafile=certificate)


def _auth(folder: str, token: dict[str, str] | None) -> dict[str, Any]:
    if token is not None:
        return {"token": token}
    command = ["htpasswd", "-Bbn", USER, PASSWORD]
    Path(folder, "htpasswd").write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    return {"htpasswd": {"realm": "the test's", "path": f"{folder}/htpasswd"}}


def _config(folder: str, certificate: str, auth: dict[str, Any] | None) -> dict[str, Any]:
    http: dict[str, Any] = {"addr": "127.0.0.1:0", "secret": "of the test"}
    if certificate:
        http["tls"] = {"certificate": certificate, "key": certificate.replace(".crt", ".key")}
    storage = {"filesystem": {"rootdirectory": f"{folder}/data"}, "delete": {"enabled": True}}
    return {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": storage,
        "http": http,
        **({"auth": auth} if auth else {}),
    }


@contextmanager
def _started(folder: str) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "OTEL_TRACES_EXPORTER": "none"}
    with open(f"{folder}/log", "wb") as log:
        command = [_PROGRAM, "serve", f"{folder}/config.yml"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
    try:
        yield process
    finally:
        process.kill()  # it has nothing to say at its end, and what it keeps is removed
        process.wait()


def _host(folder: str, process: "subprocess.Popen[bytes]") -> str:
    """Where it listens, once it says so."""
    log = Path(folder, "log")

    def listening() -> str:
        assert process.poll() is None, f"{_PROGRAM} has ended: {log.read_text()}"
        found = re.search(r"listening on (127\.0\.0\.1:\d+)", log.read_text())
        return found[1] if found else ""

    return until(listening, f"{_PROGRAM} to listen", 30, log.read_text)
