"""One login for all tools: what this one keeps, skopeo reads, and the other way round; podman's library is the same."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.leaks import PREFIX
from support.registry_server import PASSWORD, USER, RegistryServer
from support.waiting import SLOW

from engine.errors import NotFound, Unreachable
from engine.image.registry.access import credentials
from engine.image.registry.access.credentials import Credentials
from engine.image.registry.access.login import login, logout
from engine.image.registry.http.answers import Denied

pytestmark = [pytest.mark.root, pytest.mark.requires("root", "docker-registry", "htpasswd", "openssl")]


@pytest.fixture
def home() -> Iterator[Path]:
    """A user without any login or configuration."""
    os.makedirs(f"{PREFIX}d", mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=f"{PREFIX}d") as folder:
        yield Path(folder)


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """What all tools go by."""
    (home / "run").mkdir()
    return {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "PATH": os.environ["PATH"]}


def run(environment: dict[str, str], *command: str, text: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, env=environment, input=text, capture_output=True, text=True, timeout=60 * SLOW)


def certificates(registry: RegistryServer, home: Path) -> str:
    """A folder in which the registry's authority lies."""
    folder = home / "certificates"
    folder.mkdir(exist_ok=True)
    (folder / "ca.crt").write_text(Path(registry.certificate).read_text())
    return str(folder)


def is_let_in_by_skopeo(environment: dict[str, str], host: str, folder: str) -> bool:
    """The repository does not exist, which a registry says to those alone whom it knows."""
    done = run(environment, "skopeo", "list-tags", "--cert-dir", folder, f"docker://{host}/members/nothing")
    assert "unauthorized" in done.stderr or "404" in done.stderr, done.stderr
    return "404" in done.stderr


@pytest.mark.requires("skopeo")
def test_a_login_lets_skopeo_in_until_the_logout(
    locked_registry: RegistryServer, home: Path, environment: dict[str, str]
) -> None:
    host, folder = locked_registry.host, certificates(locked_registry, home)
    assert not is_let_in_by_skopeo(environment, host, folder)
    login(host, USER, PASSWORD, cert_dir=folder, environment=environment)
    assert is_let_in_by_skopeo(environment, host, folder)
    logout(host, environment=environment)
    assert not is_let_in_by_skopeo(environment, host, folder)


@pytest.mark.requires("skopeo")
def test_a_login_in_a_file_of_its_own_is_one_for_who_names_the_file(
    locked_registry: RegistryServer, home: Path, environment: dict[str, str]
) -> None:
    host, folder = locked_registry.host, certificates(locked_registry, home)
    named = environment | {"REGISTRY_AUTH_FILE": str(home / "own/auth.json")}
    login(host, USER, PASSWORD, cert_dir=folder, environment=named)
    assert is_let_in_by_skopeo(named, host, folder)
    assert not is_let_in_by_skopeo(environment, host, folder)


@pytest.mark.requires("skopeo")
def test_a_login_of_skopeo_s_is_one_here_and_is_left_to_skopeo(
    locked_registry: RegistryServer, home: Path, environment: dict[str, str]
) -> None:
    host, folder = locked_registry.host, certificates(locked_registry, home)
    command = ["skopeo", "login", "--cert-dir", folder, "-u", USER, "--password-stdin", host]
    done = run(environment, *command, text=PASSWORD)
    assert done.returncode == 0, done.stderr
    assert credentials.lookup(host, "members/app", environment=environment) == Credentials(USER, PASSWORD)
    with pytest.raises(NotFound, match="has no login") as caught:
        logout(host, environment=environment)
    assert "run/containers/auth.json" in caught.value.hint


@pytest.mark.requires("skopeo")
def test_a_login_here_is_one_of_skopeo_s(
    locked_registry: RegistryServer, home: Path, environment: dict[str, str]
) -> None:
    host, folder = locked_registry.host, certificates(locked_registry, home)
    login(host, USER, PASSWORD, cert_dir=folder, environment=environment)
    done = run(environment, "skopeo", "login", "--get-login", host)
    assert done.stdout.strip() == USER, done.stderr


def test_a_wrong_password_and_a_strange_certificate_are_told_apart(
    locked_registry: RegistryServer, home: Path, environment: dict[str, str]
) -> None:
    host, folder = locked_registry.host, certificates(locked_registry, home)
    with pytest.raises(Denied, match="does not let"):
        login(host, USER, "wrong", cert_dir=folder, environment=environment)
    with pytest.raises(Unreachable, match="is not trusted"):
        login(host, USER, PASSWORD, environment=environment)
    assert not (home / ".docker").exists()
