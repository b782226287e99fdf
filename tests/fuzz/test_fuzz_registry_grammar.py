"""What registries say and what files about them hold: read, or refused in words."""

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import fuzzing

from engine.errors import EngineError, InvalidInput
from engine.image.registry.access import credential_files
from engine.image.registry.access.challenge import read_challenges
from engine.image.registry.access.tokens import Credentials, read_token
from engine.image.registry.hosts.configuration import Configuration
from engine.image.registry.hosts.configuration_text import parse
from engine.image.registry.hosts.endpoints import is_private_to_host
from engine.image.registry.hosts.short_names import full_references
from engine.image.registry.http import answers, redirects
from engine.image.registry.http.retries import Patience, retry_after

ROOT = Path(__file__).parents[2]
RUNS = 20_000
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
REGISTRY = httpx.URL("https://registry.example.com/v2/")
TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~09azAZ"


def told(err: EngineError) -> None:
    assert err.message
    assert err.message.isprintable()


NAMES = st.text(TOKEN_CHARACTERS, min_size=1, max_size=8)
PARAMETERS = st.dictionaries(NAMES.map(str.lower), st.text(st.characters(codec="latin-1"), max_size=12), max_size=4)
CHALLENGES = st.lists(st.tuples(NAMES, PARAMETERS), max_size=4)


def _written(scheme: str, parameters: dict[str, str]) -> str:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    return f"{scheme} " + ", ".join(f"{name}={quoted(value)}" for name, value in parameters.items())


@settings(max_examples=300)
@given(CHALLENGES)
def test_challenges_that_are_written_by_the_grammar_are_read_as_they_were_meant(
    challenges: list[tuple[str, dict[str, str]]],
) -> None:
    text = ", ".join(_written(scheme, parameters) for scheme, parameters in challenges)
    assert read_challenges([text]) == [(scheme.lower(), parameters) for scheme, parameters in challenges]


WORD = st.sampled_from(
    ["Bearer", "Basic", " ", ",", "=", '"', "\\", "realm", "https://a.io/", "scope", "\t", "é", "a68==", "\x00"]
)


@settings(max_examples=500)
@given(st.lists(WORD, max_size=20).map("".join) | st.text(st.characters(codec="latin-1")))
def test_any_challenge_is_read_or_refused(text: str) -> None:
    try:
        found = read_challenges([text])
    except InvalidInput as err:
        told(err)
        return
    assert all(challenge.scheme for challenge in found)


@settings(max_examples=300)
@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(9000, 1, 1)))
def test_a_date_to_come_back_is_read_to_the_second(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    seconds = retry_after(format_datetime(moment, usegmt=True), NOW)
    assert seconds == max(0.0, (moment - NOW).total_seconds())


@settings(max_examples=300)
@given(st.text() | st.text("0123456789 :,GMTSunMar-+", max_size=40))
def test_any_retry_after_is_a_time_or_none(text: str) -> None:
    seconds = retry_after(text, NOW)
    assert seconds is None or seconds >= 0


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_delay_is_never_longer_than_the_longest(failures: int, chance: float) -> None:
    patience = Patience(chance=lambda: chance)
    assert 0 < patience.delay(failures) <= patience.most_seconds


LEAF = (
    st.none() | st.booleans() | st.integers() | st.text("az.:/*@-A[] ", max_size=12) | st.sampled_from(["all", "a.io"])
)
KEYS = "prefix location insecure blocked mirror mirror-by-digest-only pull-from-mirror a.io app".split()
ANYTHING = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)
TABLES = st.lists(st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=5), max_size=3)


def _toml(value: Any) -> str:
    """TOML's inline form, which is JSON's with other tables; what it has no word for is a text."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps("none" if value is None else value)


@settings(max_examples=400, deadline=None)
@given(TABLES, ANYTHING, ANYTHING)
def test_any_registries_conf_is_read_or_refused_and_what_is_read_can_be_asked(
    registries: list[dict[str, Any]], search: Any, aliases: Any
) -> None:
    lines = [f"unqualified-search-registries = {_toml(search)}", f"registry = {_toml(registries)}"]
    lines += [f"aliases = {_toml(aliases)}"]
    try:
        file = parse("\n".join(lines).encode(), "/etc/containers/registries.conf")
        configuration = Configuration(file.search or (), file.rules, file.aliases)
        for name in ("a.io/a:1", "app", "docker.io/a", "a.a.io:5000/a/b"):
            for full in full_references(name, configuration):
                assert all(endpoint.host and endpoint.repository for endpoint in configuration.endpoints(full))
    except EngineError as err:
        told(err)


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_file_or_refused(data: bytes) -> None:
    for reader in (parse, credential_files.parse):
        try:
            reader(data, "/etc/file")
        except InvalidInput as err:
            told(err)


@settings(max_examples=300)
@given(
    st.text(min_size=1).filter(lambda text: ":" not in text and "\0" not in text),
    st.text().filter(lambda text: "\0" not in text),
)
def test_what_is_kept_of_a_login_is_what_is_read(user: str, password: str) -> None:
    try:
        credentials = Credentials(user, password)
        entry = credential_files.entry_of(credentials)
    except UnicodeEncodeError:
        return
    assert credential_files.read_entry(json.loads(json.dumps(entry)), "x") == credentials


ENTRY = st.dictionaries(
    st.sampled_from(["auth", "username", "password", "identitytoken", "registrytoken"]),
    LEAF | st.binary(max_size=9).map(repr),
)


@settings(max_examples=300)
@given(ENTRY | LEAF)
def test_any_entry_is_credentials_or_nobody_or_refused(entry: object) -> None:
    try:
        found = credential_files.read_entry(entry, "/etc/file")
    except InvalidInput as err:
        told(err)
        return
    assert found is None or any(found)


@settings(max_examples=300)
@given(st.fixed_dictionaries({}, optional={"token": LEAF, "access_token": LEAF, "expires_in": LEAF | st.floats()}))
def test_any_answer_of_a_token_server_is_a_token_or_refused(answer: dict[str, Any]) -> None:
    try:
        token = read_token(json.dumps(answer).encode(), lambda: 0.0)
    except InvalidInput as err:
        told(err)
        return
    assert 0 < token.good_until <= 86_400
    assert token.text.isascii()


PIECES = st.sampled_from(
    [
        "https:",
        "http:",
        "//",
        "/",
        "127.0.0.1",
        "localhost",
        "[::1]",
        "a.io",
        "@",
        ":",
        "80",
        "%00",
        "\\",
        "?",
        "#",
        "..",
        "é",
    ]
)


@settings(max_examples=500)
@given(st.lists(PIECES, max_size=8).map("".join) | st.text(st.characters(codec="latin-1"), max_size=30))
def test_wherever_a_registry_leads_it_is_never_to_this_host_nor_without_protection(location: str) -> None:
    sent = [(b"Location", location.encode("latin-1"))]
    answer = httpx.Response(307, headers=sent, request=httpx.Request("GET", REGISTRY))
    try:
        url = redirects.target(answer, REGISTRY)
    except InvalidInput as err:
        told(err)
        return
    assert url.scheme == "https"
    assert not is_private_to_host(url.host)
    assert not url.userinfo


@settings(max_examples=300)
@given(
    st.binary(max_size=100)
    | st.recursive(
        LEAF,
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["errors", "code", "message", "details"]), inner)
        ),
        max_leaves=8,
    ).map(lambda body: json.dumps(body).encode()),
    st.integers(400, 599),
)
def test_any_refusal_is_one_clean_sentence(body: bytes, status: int) -> None:
    answer = httpx.Response(status, content=body, request=httpx.Request("GET", REGISTRY))
    told(answers.refusal(answer, "registry.example.com", "app:1"))


EXAMPLES = (
    'Bearer realm="https://a.io/token",service="a",scope="repository:a:pull", Basic realm=x',
    "Sun, 01 Mar 2026 12:01:00 GMT",
    '[[registry]]\nprefix = "a.io/b"\nlocation = "c.io"\n[[registry.mirror]]\nlocation = "m.io"\n'
    '[aliases]\na = "a.io/a"',
    '{"auths": {"https://a.io/v1/": {"auth": "dTpw"}}, "credHelpers": {"b.io": "x"}}',
    '{"token": "abc", "expires_in": 300}',
    "https://cdn.example.net:443/a?b#c",
    '{"errors": [{"code": "DENIED", "message": "no"}]}',
)


@pytest.mark.requires("atheris")
def test_no_bytes_that_atheris_finds_break_what_reads_registries(tmp_path: Path) -> None:
    """Bounded."""
    fuzzing.hold("fuzzed_registry_grammar", tmp_path, EXAMPLES, RUNS)
