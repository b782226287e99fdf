"""Logging in and out."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fake_registry import Answer, FakeRegistry, serving
from support.token_server import PASSWORD, USER, Pause, Tokens, basic

from engine.errors import InvalidInput, NotFound, Unreachable
from engine.image.registry.access.login import login, logout, place_of
from engine.image.registry.http.answers import Denied
from engine.image.registry.http.retries import Patience

PATIENCE = Patience(attempts=2, sleep=Pause([]))


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    challenge = Answer(401, b"", (("WWW-Authenticate", "Basic realm=x"),))
    with serving() as server:
        right = basic(USER, PASSWORD)
        server.on("GET", "/v2/", lambda seen: Answer() if seen.headers.get("authorization") == right else challenge)
        yield server


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "registries.conf").write_text("")
    return {
        "HOME": str(tmp_path),
        "CONTAINERS_REGISTRIES_CONF": str(tmp_path / "registries.conf"),
        "CONTAINERS_REGISTRIES_CONF_DIR": str(tmp_path / "none"),
    }


def test_a_login_is_tried_and_then_kept(fake: FakeRegistry, environment: dict[str, str], tmp_path: Path) -> None:
    done = login(fake.host, USER, PASSWORD, environment=environment, patience=PATIENCE)
    file = str(tmp_path / ".docker/config.json")
    assert done == {"host": fake.host, "username": USER, "file": file, "helper": ""}
    assert list(json.loads(Path(file).read_text())["auths"]) == [fake.host]
    assert logout(fake.host, environment=environment) == {"hosts": [fake.host], "file": file, "remaining": []}


def test_a_wrong_password_is_not_kept(fake: FakeRegistry, environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(Denied, match=f"{fake.host} does not let '{USER}' in") as caught:
        login(fake.host, USER, "wrong", environment=environment, patience=PATIENCE)
    assert "wrong" not in caught.value.message
    assert not (tmp_path / ".docker").exists()


def test_a_login_with_tokens_asks_for_no_repository(environment: dict[str, str], fake: FakeRegistry) -> None:
    with serving() as server:
        tokens = Tokens(server)
        tokens.guard(fake, "GET", "/v2/", Answer(), "")
        login(fake.host, USER, PASSWORD, environment=environment, patience=PATIENCE)
        assert tokens.scopes() == [[]]
        with pytest.raises(Denied, match="does not let"):
            login(fake.host, USER, "wrong", environment=environment, patience=PATIENCE)


def test_a_login_may_be_to_a_part_of_a_registry(
    fake: FakeRegistry, environment: dict[str, str], tmp_path: Path
) -> None:
    login(f"https://{fake.host}/team/", USER, PASSWORD, environment=environment, patience=PATIENCE)
    assert list(json.loads((tmp_path / ".docker/config.json").read_text())["auths"]) == [f"{fake.host}/team"]


def test_a_registry_that_is_not_there_is_told(environment: dict[str, str]) -> None:
    with serving() as gone:
        host = gone.host
    with pytest.raises(Unreachable, match=host):
        login(host, USER, PASSWORD, environment=environment, patience=PATIENCE)


def test_what_is_no_registry_is_told(environment: dict[str, str]) -> None:
    with serving() as web, pytest.raises(NotFound, match="has no API"):
        login(web.host, USER, PASSWORD, environment=environment, patience=PATIENCE)


@pytest.mark.parametrize(
    ("user", "password"), [("", "p"), ("u", ""), ("a:b", "p"), ("u\n", "p"), ("u", "p\r\nX: y"), ("u", "p" * 20_000)]
)
def test_what_cannot_be_a_login_is_not_tried(user: str, password: str, environment: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        login("registry.example.com", user, password, environment=environment, patience=PATIENCE)


def test_who_is_not_logged_in_cannot_log_out(environment: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nobody is logged in to a\.io"):
        logout("a.io", environment=environment)
    podmans = tmp_path / ".config/containers/auth.json"
    podmans.parent.mkdir(parents=True)
    podmans.write_text('{"auths": {"a.io": {"auth": "dTpw"}}}')
    with pytest.raises(NotFound) as caught:
        logout("a.io", environment=environment)
    assert str(podmans) in caught.value.hint
    assert logout("", everywhere=True, environment=environment)["hosts"] == []


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("", "docker.io"),
        ("docker.io", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("https://a.io/", "a.io"),
        ("http://a.io/v2/", "a.io"),
        ("a.io:5000", "a.io:5000"),
        ("localhost", "localhost"),
        ("registry", "registry"),
        ("[::1]:5000", "[::1]:5000"),
        ("[::1]", "[::1]"),
        ("a.io/team/app", "a.io/team/app"),
    ],
)
def test_people_type_a_registry_in_many_ways(typed: str, place: str) -> None:
    assert place_of(typed) == place


@pytest.mark.parametrize(
    "typed", ["a b", "a.io/UPPER", "a.io:port", "../x", "ftp://a.io", "a.io/x/../y", "-x.io", "a.io/x:1"]
)
def test_what_is_no_registry_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match="is no registry"):
        place_of(typed)
