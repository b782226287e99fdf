"""Credentials where Docker and podman keep them."""

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from support.waiting import until

from engine.errors import EngineError, InvalidInput
from engine.image.registry.access import credential_files, credential_keys, credentials
from engine.image.registry.access.credential_helpers import OUTPUT_MAX, Helper, NoHelper
from engine.image.registry.access.tokens import Credentials

HUB = "https://index.docker.io/v1/"
HELPER = """#!/bin/sh
# Keeps one file a server beside itself.
read -r line || :
[ "$1" = store ] && server=$(printf %s "$line" | sed 's/.*"ServerURL": "\\([^"]*\\)".*/\\1/') || server=$line
file=$0.$(printf %s "$server" | tr / _)
case "$1" in
get) cat "$file" 2>/dev/null && exit; echo "credentials not found in native keychain"; exit 1 ;;
store) printf %s "$line" > "$file" ;;
erase) rm -f "$file" ;;
esac
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run")}


def auth(user: str, password: str = "secret") -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def write(path: Path, document: object, mode: int = 0o600) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    path.chmod(mode)


def docker(home: Path) -> Path:
    return home / ".docker/config.json"


def install(home: Path, name: str, script: str = HELPER) -> None:
    path = home / "bin" / f"docker-credential-{name}"
    path.write_text(script)
    path.chmod(0o755)


def user(environment: dict[str, str], host: str, repository: str = "", **more: Any) -> str:
    found = credentials.lookup(host, repository, environment=environment, **more)
    return found.username if found else ""


def test_nobody_is_known_where_there_are_no_files(environment: dict[str, str]) -> None:
    assert credentials.lookup("a.io", "x", environment=environment) is None
    assert credentials.lookup("a.io", "x", environment={}) is None


def test_podman_s_files_come_before_docker_s(home: Path, environment: dict[str, str]) -> None:
    places = [home / "run/containers/auth.json", home / ".config/containers/auth.json", docker(home)]
    for number, place in reversed(list(enumerate(places))):
        write(place, {"auths": {"a.io": auth(f"user{number}"), f"only{number}.io": auth("own")}})
        assert user(environment, "a.io") == f"user{number}"
    assert [user(environment, f"only{number}.io") for number in range(3)] == ["own"] * 3


@pytest.mark.parametrize("how", ["authfile", "REGISTRY_AUTH_FILE"])
def test_a_file_that_is_named_is_the_only_one(home: Path, environment: dict[str, str], how: str) -> None:
    write(docker(home), {"auths": {"a.io": auth("docker")}})
    write(home / "other", {"auths": {"b.io": auth("other")}})
    other = str(home / "other")
    named = {"authfile": other} if how == "authfile" else {}
    environment |= {} if how == "authfile" else {"REGISTRY_AUTH_FILE": other}
    assert user(environment, "b.io", **named) == "other"
    assert user(environment, "a.io", **named) == ""


def test_docker_s_folder_may_be_elsewhere(home: Path, environment: dict[str, str]) -> None:
    write(home / "d/config.json", {"auths": {"a.io": auth("x")}})
    assert user(environment | {"DOCKER_CONFIG": str(home / "d")}, "a.io") == "x"


def test_the_most_specific_key_counts(home: Path, environment: dict[str, str]) -> None:
    known = {"a.io": auth("host"), "a.io/team": auth("team"), "a.io/team/app": auth("app")}
    write(docker(home), {"auths": known})
    found = [user(environment, "a.io", path) for path in ("team/app", "team/other", "team/app/deep", "teams/app", "")]
    assert found == ["app", "team", "app", "host", "host"]
    assert user(environment, "a.io:5000", "team/app") == ""


@pytest.mark.parametrize("key", [HUB, "docker.io", "index.docker.io", "https://registry-1.docker.io/v2/"])
def test_docker_hub_has_several_keys(home: Path, environment: dict[str, str], key: str) -> None:
    write(docker(home), {"auths": {key: auth("x")}})
    assert user(environment, "docker.io", "library/alpine") == "x"


@pytest.mark.parametrize("key", ["https://a.io", "https://a.io/v2/", "http://a.io/v1/", "a.io/"])
def test_old_keys_are_addresses(home: Path, environment: dict[str, str], key: str) -> None:
    write(docker(home), {"auths": {key: auth("x")}})
    assert user(environment, "a.io") == "x"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (auth("u", "p:a:ss"), Credentials("u", "p:a:ss")),
        ({"username": "u", "password": "p"}, Credentials("u", "p")),
        ({**auth("u", ""), "identitytoken": "t"}, Credentials("u", "", "t")),
        ({"registrytoken": "t"}, Credentials(registry_token="t")),
        ({"auth": base64.b64encode(b"u:p\0\0").decode()}, Credentials("u", "p")),
        ({"auth": None, "email": "x"}, None),
        ({}, None),
    ],
)
def test_entries_have_several_forms(entry: object, expected: Credentials | None) -> None:
    assert credential_files.read_entry(entry, "x") == expected


@pytest.mark.parametrize(
    "entry", [7, [], {"auth": 7}, {"auth": "!"}, {"auth": "dXNlcg=="}, {"auth": "/w=="}, {"auth": "OnA="}]
)
def test_a_damaged_entry_is_refused_without_its_content(entry: object) -> None:
    with pytest.raises(InvalidInput, match="the entry is damaged") as caught:
        credential_files.read_entry(entry, "the entry")
    assert "dXNlcg" not in str(caught.value)


def test_a_damaged_entry_of_another_registry_harms_nobody(home: Path, environment: dict[str, str]) -> None:
    write(docker(home), {"auths": {"bad.io": {"auth": "!"}, "a.io": auth("x")}})
    assert user(environment, "a.io") == "x"
    with pytest.raises(InvalidInput, match=r"'bad\.io'"):
        user(environment, "bad.io")


@pytest.mark.parametrize(
    "text", ["{", "[]", "7", '{"auths": []}', '{"credsStore": 7}', '{"credHelpers": 7}', "[" * 99_999]
)
def test_a_damaged_file_is_named(home: Path, environment: dict[str, str], text: str) -> None:
    write(docker(home), text)
    with pytest.raises(InvalidInput, match=r"config\.json"):
        user(environment, "a.io")


def test_an_empty_file_is_none(home: Path, environment: dict[str, str]) -> None:
    write(docker(home), "\n")
    assert user(environment, "a.io") == ""


def test_a_file_that_others_may_read_is_told(home: Path, environment: dict[str, str]) -> None:
    write(docker(home), {"auths": {"a.io": auth("x")}}, 0o644)
    said: list[dict[str, Any]] = []
    assert user(environment, "a.io", say=said.append) == "x"
    assert said == [{"warning": f"others may read the credentials in {docker(home)}: chmod 600 {docker(home)}"}]


def test_a_login_is_kept_for_docker_and_podman_and_for_nobody_else(home: Path, environment: dict[str, str]) -> None:
    assert credentials.store("a.io", Credentials("u", "p"), environment=environment) == (str(docker(home)), "")
    assert json.loads(docker(home).read_text()) == {"auths": {"a.io": auth("u", "p")}}
    assert stat.S_IMODE(docker(home).stat().st_mode) == 0o600
    assert stat.S_IMODE(docker(home).parent.stat().st_mode) == 0o700
    assert [path.name for path in docker(home).parent.iterdir()] == ["config.json"]
    assert user(environment, "a.io") == "u"


def test_what_else_is_in_the_file_stays(home: Path, environment: dict[str, str]) -> None:
    before = {"auths": {"b.io": auth("b")}, "proxies": {"default": {}}, "HttpHeaders": {"x": "é"}}
    write(docker(home), before, 0o644)
    credentials.store("a.io", Credentials("u", "p"), environment=environment)
    after = json.loads(docker(home).read_text())
    assert after == before | {"auths": {"b.io": auth("b"), "a.io": auth("u", "p")}}
    assert stat.S_IMODE(docker(home).stat().st_mode) == 0o600


def test_docker_hub_gets_the_key_that_each_tool_reads(home: Path, environment: dict[str, str]) -> None:
    credentials.store("docker.io", Credentials("u", "p"), environment=environment)
    assert list(json.loads(docker(home).read_text())["auths"]) == [HUB]
    credentials.store("docker.io", Credentials("u", "p"), authfile=str(home / "auth.json"))
    assert list(json.loads((home / "auth.json").read_text())["auths"]) == ["docker.io"]


def test_a_second_login_replaces_the_first_under_its_key(home: Path, environment: dict[str, str]) -> None:
    write(docker(home), {"auths": {"https://a.io": auth("old"), "a.io/team": auth("team")}})
    credentials.store("a.io", Credentials("new", "p"), environment=environment)
    found = json.loads(docker(home).read_text())["auths"]
    assert found == {"https://a.io": auth("new", "p"), "a.io/team": auth("team")}


def test_a_symbolic_link_stays_one(home: Path, environment: dict[str, str]) -> None:
    write(home / "real/auth.json", {})
    docker(home).parent.mkdir()
    docker(home).symlink_to(home / "real/auth.json")
    credentials.store("a.io", Credentials("u", "p"), environment=environment)
    assert docker(home).is_symlink()
    assert "a.io" in (home / "real/auth.json").read_text()


def test_a_file_that_is_damaged_is_not_written_over(home: Path, environment: dict[str, str]) -> None:
    write(docker(home), "not mine")
    with pytest.raises(InvalidInput):
        credentials.store("a.io", Credentials("u", "p"), environment=environment)
    assert docker(home).read_text() == "not mine"


def test_there_must_be_a_place_to_keep_it() -> None:
    with pytest.raises(InvalidInput, match="HOME is not set"):
        credentials.store("a.io", Credentials("u", "p"), environment={})


def test_a_login_is_forgotten_under_all_its_keys(home: Path, environment: dict[str, str]) -> None:
    write(docker(home), {"auths": {HUB: auth("x"), "docker.io": auth("y"), "a.io": auth("z")}, "other": 1})
    write(home / ".config/containers/auth.json", {"auths": {"docker.io": auth("x")}})
    done = credentials.erase("docker.io", environment=environment)
    assert done.hosts == ("docker.io",)
    assert done.remaining == (str(home / ".config/containers/auth.json"),)
    assert json.loads(docker(home).read_text()) == {"auths": {"a.io": auth("z")}, "other": 1}
    assert credentials.erase("b.io", environment=environment).hosts == ()


def test_all_logins_are_forgotten_at_once(home: Path, environment: dict[str, str]) -> None:
    write(docker(home), {"auths": {HUB: auth("x"), "a.io": auth("z")}, "other": 1})
    assert credentials.erase_all(environment=environment).hosts == ("docker.io", "a.io")
    assert json.loads(docker(home).read_text()) == {"auths": {}, "other": 1}
    assert credentials.erase_all(environment=environment, authfile=str(home / "none")).hosts == ()


def test_a_helper_keeps_and_forgets_instead_of_the_file(home: Path, environment: dict[str, str]) -> None:
    install(home, "box")
    write(docker(home), {"credsStore": "box"})
    assert credentials.store("a.io", Credentials("u", "p"), environment=environment)[1] == "box"
    assert json.loads(docker(home).read_text()) == {"credsStore": "box", "auths": {"a.io": {}}}
    assert credentials.lookup("a.io", "x/y", environment=environment) == Credentials("u", "p")
    assert credentials.erase("a.io", environment=environment).hosts == ("a.io",)
    assert credentials.lookup("a.io", environment=environment) is None
    assert json.loads(docker(home).read_text()) == {"credsStore": "box", "auths": {}}


def test_a_registry_s_own_helper_is_the_only_one_asked(home: Path, environment: dict[str, str]) -> None:
    install(home, "own")
    install(home, "all", "#!/bin/sh\nexit 3\n")
    write(docker(home), {"credHelpers": {"a.io": "own"}, "credsStore": "all", "auths": {"a.io": auth("file")}})
    assert user(environment, "a.io") == ""
    Helper("own").store("a.io", Credentials("kept", "p"))
    assert user(environment, "a.io") == "kept"


def test_docker_hub_is_known_to_helpers_by_its_address(home: Path, environment: dict[str, str]) -> None:
    install(home, "box")
    write(docker(home), {"credsStore": "box"})
    credentials.store("docker.io", Credentials("u", "p"), environment=environment)
    assert Helper("box").get(HUB) == Credentials("u", "p")
    assert user(environment, "docker.io") == "u"
    assert credentials.erase("docker.io", environment=environment).hosts == ("docker.io",)
    assert Helper("box").get(HUB) is None


def test_an_identity_token_goes_through_a_helper(home: Path) -> None:
    install(home, "box")
    Helper("box").store("a.io", Credentials(identity_token="t"))
    assert Helper("box").get("a.io") == Credentials(identity_token="t")


def test_a_helper_for_all_that_is_not_installed_is_told_and_gone_on_without(
    home: Path, environment: dict[str, str]
) -> None:
    write(docker(home), {"credsStore": "desktop"})
    said: list[dict[str, Any]] = []
    assert user(environment, "a.io", say=said.append) == ""
    assert "docker-credential-desktop is not installed" in said[0]["warning"]
    write(docker(home), {"credHelpers": {"a.io": "desktop"}})
    with pytest.raises(NoHelper):
        user(environment, "a.io")


@pytest.mark.parametrize("name", ["../x", "a/b", "", "-x", "a b", "x\n", "x" * 65])
def test_the_name_of_a_helper_leads_nowhere_else(name: str) -> None:
    with pytest.raises(InvalidInput, match="not the name of a credential helper"):
        Helper(name).get("a.io")


def test_a_helper_s_own_words_are_told_cleanly(home: Path) -> None:
    install(home, "bad", "#!/bin/sh\nprintf 'locked \\033[31mout\\n'\nexit 1\n")
    with pytest.raises(EngineError, match=r"docker-credential-bad failed: locked \[31mout"):
        Helper("bad").get("a.io")


@pytest.mark.parametrize("output", ["", "{", "[]", '{"Username": 7}'])
def test_an_answer_of_a_helper_that_is_none_is_refused(home: Path, output: str) -> None:
    install(home, "odd", f"#!/bin/sh\nprintf '%s' '{output}'\n")
    with pytest.raises(InvalidInput, match="docker-credential-odd cannot be read"):
        Helper("odd").get("a.io")


def test_a_helper_that_does_not_stop_talking_is_ended(home: Path) -> None:
    install(home, "chatty", "#!/bin/sh\nexec yes\n")
    with pytest.raises(InvalidInput, match=f"more than {OUTPUT_MAX} bytes"):
        Helper("chatty").get("a.io")


def _has_ended(pid: int) -> bool:
    """A zombie waits for whoever reaps it, and does nothing more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_helper_that_does_not_answer_is_ended_with_what_it_started(home: Path) -> None:
    install(home, "slow", f"#!/bin/sh\nsleep 600 & echo $! > {home}/pid\nwait\n")
    with pytest.raises(EngineError, match="docker-credential-slow failed"):
        Helper("slow", 1.0).get("a.io")
    pid = int((home / "pid").read_text())
    until(lambda: _has_ended(pid), "the end of what the helper has started", 10)


def test_a_helper_that_does_not_listen_is_no_error(home: Path) -> None:
    install(home, "deaf", '#!/bin/sh\nexec 0<&-\nprintf \'{"Username": "u", "Secret": "p"}\'\n')
    assert Helper("deaf").get("a.io" * 50_000) == Credentials("u", "p")


def test_keys_go_from_all_of_a_path_to_none() -> None:
    assert credential_keys.keys("a.io", "b/c") == ["a.io/b/c", "a.io/b", "a.io"]
    assert credential_keys.keys("index.docker.io") == ["docker.io"]
