"""Registries that want to know who asks: passwords over TLS, and tokens; and what is sent to whom."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import images, registry_images, registry_server, registry_tokens
from support.leaks import PREFIX
from support.registry_server import PASSWORD, USER, RegistryServer
from support.registry_tokens import TokenServer

from engine.errors import EngineError, Unreachable
from engine.image import oci
from engine.image.registry.access import credentials
from engine.image.registry.access.credentials import Credentials
from engine.image.registry.http.answers import Denied
from engine.image.registry.pull import pull
from engine.image.registry.push import push
from engine.image.store.images import Store

pytestmark = [pytest.mark.root, pytest.mark.requires("root", "docker-registry", "htpasswd", "openssl")]

LAYER = images.layer({"etc/motd": b"for members\n", "bin/tool": os.urandom(2_000_000)}, oci.LAYER)


def silent(_event: dict[str, Any]) -> None:
    pass


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A user without any login or configuration."""
    with tempfile.TemporaryDirectory(dir=_folder()) as folder:
        for variable in ("REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("HOME", folder)
        monkeypatch.setenv("DOCKER_CONFIG", f"{folder}/.docker")
        yield folder


def _folder() -> str:
    os.makedirs(f"{PREFIX}d", mode=0o700, exist_ok=True)
    return f"{PREFIX}d"


@pytest.fixture
def name(open_registry: RegistryServer, store: Store) -> str:
    """An image in the store."""
    registry_images.put(open_registry.host, "logins/source", "1", [LAYER])
    pull(store, f"{open_registry.host}/logins/source:1", say=silent)
    return f"{open_registry.host}/logins/source:1"


def log_in(host: str, password: str = PASSWORD) -> None:
    credentials.store(host, Credentials(USER, password))


def trust(registry: RegistryServer, home: str) -> None:
    folder = Path(home, ".config/containers/certs.d", registry.host)
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_text(Path(registry.certificate).read_text())


def test_an_image_goes_to_a_registry_with_tls_and_a_password_and_comes_back(
    locked_registry: RegistryServer, store: Store, other: Store, name: str, home: str
) -> None:
    trust(locked_registry, home)
    log_in(locked_registry.host)
    to = f"{locked_registry.host}/members/app:1"
    assert push(store, name, to, say=silent)["name"] == to
    assert pull(other, to, say=silent)["id"] == store.find(name).id


def test_the_environments_folder_of_authorities_is_trusted(
    locked_registry: RegistryServer,
    store: Store,
    other: Store,
    name: str,
    home: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import subprocess

    os.mkdir(f"{home}/authorities")
    command = ["openssl", "x509", "-noout", "-hash", "-in", locked_registry.certificate]
    hashed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    os.symlink(locked_registry.certificate, f"{home}/authorities/{hashed}.0")
    monkeypatch.setenv("SSL_CERT_DIR", f"{home}/authorities")
    log_in(locked_registry.host)
    push(store, name, f"{locked_registry.host}/members/by-folder:1", say=silent)
    pull(other, f"{locked_registry.host}/members/by-folder:1", say=silent)


def test_a_folder_of_certificates_that_an_operator_names_is_trusted(
    locked_registry: RegistryServer, store: Store, name: str, home: str
) -> None:
    os.mkdir(f"{home}/named")
    Path(home, "named/ca.crt").write_text(Path(locked_registry.certificate).read_text())
    log_in(locked_registry.host)
    push(store, name, f"{locked_registry.host}/members/named:1", cert_dir=f"{home}/named", say=silent)


def test_a_certificate_of_nobody_known_is_refused_before_anything_is_said(
    locked_registry: RegistryServer, store: Store, name: str
) -> None:
    log_in(locked_registry.host)
    with pytest.raises(Unreachable, match="is not trusted") as caught:
        push(store, name, f"{locked_registry.host}/members/app:1", say=silent)
    assert "certs.d" in caught.value.hint


def test_a_certificate_of_nobody_known_is_taken_where_an_operator_says_so(
    locked_registry: RegistryServer, store: Store, name: str
) -> None:
    log_in(locked_registry.host)
    push(store, name, f"{locked_registry.host}/members/blind:1", tls_verify=False, say=silent)


@pytest.mark.parametrize("password", ["", "wrong"])
def test_without_the_right_password_nothing_goes_and_the_way_to_log_in_is_told(
    locked_registry: RegistryServer, store: Store, name: str, home: str, password: str
) -> None:
    trust(locked_registry, home)
    if password:
        log_in(locked_registry.host, password)
    with pytest.raises(Denied) as caught:
        push(store, name, f"{locked_registry.host}/members/app:2", say=silent)
    assert f"qd login {locked_registry.host}" in caught.value.hint
    assert PASSWORD not in f"{caught.value.message}{caught.value.hint}"


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    """A token server."""
    with tempfile.TemporaryDirectory(dir=_folder()) as folder, registry_tokens.running(folder) as tokens:
        yield tokens


@pytest.fixture
def token_registry(tokens: TokenServer) -> Iterator[RegistryServer]:
    """A registry that believes it."""
    with registry_server.running(token=tokens.auth) as registry:
        yield registry


def test_tokens_are_asked_for_once_and_for_what_is_needed(
    token_registry: RegistryServer, tokens: TokenServer, store: Store, other: Store, name: str
) -> None:
    log_in(token_registry.host)
    to = f"{token_registry.host}/guild/app:1"
    push(store, name, to, say=silent)
    assert tokens.scopes == [["repository:guild/app:pull,push"]]
    assert tokens.users == [USER]
    pull(other, to, say=silent)
    assert tokens.scopes[1:] == [["repository:guild/app:pull"]]


def test_anybody_may_pull_where_the_token_server_lets_anybody(
    token_registry: RegistryServer, tokens: TokenServer, store: Store, other: Store, name: str
) -> None:
    log_in(token_registry.host)
    push(store, name, f"{token_registry.host}/guild/open:1", say=silent)
    credentials.erase(token_registry.host)
    pull(other, f"{token_registry.host}/guild/open:1", say=silent)
    assert tokens.users[-1] == ""


def test_a_token_for_anybody_does_not_push(
    token_registry: RegistryServer, tokens: TokenServer, store: Store, name: str
) -> None:
    with pytest.raises(EngineError) as caught:
        push(store, name, f"{token_registry.host}/guild/closed:1", say=silent)
    assert f"qd login {token_registry.host}" in caught.value.hint


def test_a_wrong_password_is_refused_by_the_token_server(
    token_registry: RegistryServer, tokens: TokenServer, store: Store, name: str
) -> None:
    log_in(token_registry.host, "wrong")
    with pytest.raises(Denied):
        push(store, name, f"{token_registry.host}/guild/wrong:1", say=silent)


def test_a_blob_is_taken_over_with_a_token_for_both_repositories(
    token_registry: RegistryServer, tokens: TokenServer, store: Store, name: str
) -> None:
    log_in(token_registry.host)
    push(store, name, f"{token_registry.host}/guild/first:1", say=silent)
    events: list[dict[str, Any]] = []
    push(store, name, f"{token_registry.host}/guild/second:1", say=events.append)
    assert "mounted" in {event["step"] for event in events}
    assert any({"repository:guild/second:pull,push", "repository:guild/first:pull"} <= set(s) for s in tokens.scopes)


def test_a_mirror_comes_first_and_the_registry_itself_where_it_fails(
    open_registry: RegistryServer, store: Store, name: str, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry_images.put(open_registry.host, "mirrored/app", "1", [LAYER])
    registry_images.put(open_registry.host, "main/app", "2", [LAYER])
    conf = f"""
unqualified-search-registries = ["hub.invalid"]
[[registry]]
prefix = "hub.invalid"
location = "{open_registry.host}/main"
[[registry.mirror]]
location = "{open_registry.host}/mirrored"
"""
    Path(home, "registries.conf").write_text(conf)
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", f"{home}/registries.conf")
    assert pull(store, "app:1", say=silent)["name"] == "hub.invalid/app:1"
    assert pull(store, "app:2", say=silent)["name"] == "hub.invalid/app:2"
    with pytest.raises(EngineError) as caught:
        pull(store, "app:3", say=silent)
    assert "tried before" in caught.value.hint


def test_logins_are_found_where_another_tool_has_put_them(
    locked_registry: RegistryServer, store: Store, name: str, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import base64

    trust(locked_registry, home)
    entry = {"auth": base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
    Path(home, "auth.json").write_text(json.dumps({"auths": {locked_registry.host: entry}}))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", f"{home}/auth.json")
    push(store, name, f"{locked_registry.host}/members/by-file:1", say=silent)
