"""Who asks: passwords, tokens, and what becomes of them."""

import json
import threading
from collections.abc import Iterator

import httpx
import pytest
from support.fake_registry import Answer, FakeRegistry, Seen, serving
from support.token_server import IDENTITY, PASSWORD, USER, Pause, Tokens, basic

from engine.errors import EngineError, InvalidInput, Unreachable
from engine.image.registry.access.authorization import Authorization
from engine.image.registry.access.tokens import Ask, Credentials, read_token
from engine.image.registry.hosts.endpoints import Endpoint
from engine.image.registry.http.answers import Denied
from engine.image.registry.http.retries import Patience
from engine.image.registry.http.transport import Registry

MANIFEST = "/v2/app/manifests/1"
DECKHAND = Credentials(USER, PASSWORD)


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    with serving() as server:
        yield server


@pytest.fixture
def tokens() -> Iterator[Tokens]:
    with serving() as server:
        yield Tokens(server)


def registry_of(fake: FakeRegistry, who: Credentials | None = None, actions: str = "pull", **more: object) -> Registry:
    patience = Patience(attempts=3, sleep=Pause([]))
    return Registry(Endpoint(fake.host, "app"), actions=actions, credentials=who, patience=patience, **more)  # type: ignore[arg-type]


def want_basic(fake: FakeRegistry, header: str = 'Basic realm="fake"') -> None:
    def reply(seen: Seen) -> Answer:
        is_known = seen.headers.get("authorization") == basic(USER, PASSWORD)
        return Answer(200, b"yes") if is_known else Answer(401, b"", (("WWW-Authenticate", header),))

    fake.on("GET", MANIFEST, reply)


def get(registry: Registry) -> httpx.Response:
    return registry.request("GET", "manifests/1", expected={200})


def test_nothing_is_sent_to_a_registry_that_does_not_ask_who_one_is(fake: FakeRegistry) -> None:
    fake.on("GET", MANIFEST, Answer(200, b"yes"))
    with registry_of(fake, DECKHAND) as registry:
        assert get(registry).content == b"yes"
    assert all("authorization" not in seen.headers for seen in fake.seen)


def test_a_password_is_sent_when_it_is_asked_for_and_at_once_from_then_on(fake: FakeRegistry) -> None:
    want_basic(fake)
    with registry_of(fake, DECKHAND) as registry:
        assert [get(registry).content, get(registry).content] == [b"yes", b"yes"]
    sent = [seen.headers.get("authorization", "") for seen in fake.asked("GET", MANIFEST)]
    assert sent == ["", basic(USER, PASSWORD), basic(USER, PASSWORD)]


def test_somebody_without_a_password_is_told_to_log_in(fake: FakeRegistry) -> None:
    want_basic(fake)
    with registry_of(fake) as registry, pytest.raises(Denied) as caught:
        get(registry)
    assert f"qd login {fake.host}" in caught.value.hint
    assert len(fake.asked("GET", MANIFEST)) == 1


def test_a_wrong_password_is_tried_once(fake: FakeRegistry) -> None:
    want_basic(fake)
    with registry_of(fake, Credentials(USER, "wrong")) as registry, pytest.raises(Denied):
        get(registry)
    assert len(fake.asked("GET", MANIFEST)) == 2


def test_a_scheme_that_is_not_spoken_is_named(fake: FakeRegistry) -> None:
    want_basic(fake, "Negotiate")
    with registry_of(fake, DECKHAND) as registry, pytest.raises(InvalidInput, match="negotiate"):
        get(registry)


def test_anybody_gets_a_token_where_one_is_given_to_anybody(fake: FakeRegistry, tokens: Tokens) -> None:
    tokens.anonymous = True
    tokens.guard(fake, "GET", MANIFEST, Answer(200, b"yes"), "repository:app:pull")
    with registry_of(fake) as registry:
        assert get(registry).content == b"yes"
        assert get(registry).content == b"yes"
    assert tokens.scopes() == [["repository:app:pull"]]
    [asked] = tokens.server.asked("GET", "/token")
    assert asked.query["service"] == ["fake"]
    assert "authorization" not in asked.headers


def test_a_token_is_got_with_user_and_password(fake: FakeRegistry, tokens: Tokens) -> None:
    tokens.guard(fake, "GET", MANIFEST, Answer(200, b"yes"), "repository:app:pull")
    with registry_of(fake, DECKHAND) as registry:
        assert get(registry).content == b"yes"
    [asked] = tokens.server.asked("GET", "/token")
    assert asked.headers["authorization"] == basic(USER, PASSWORD)
    assert asked.query["account"] == [USER]
    assert all(basic(USER, PASSWORD) not in seen.headers.values() for seen in fake.seen), (
        "only the token server needs it"
    )


def test_a_token_is_for_all_that_will_be_asked(fake: FakeRegistry, tokens: Tokens) -> None:
    tokens.guard(fake, "GET", MANIFEST, Answer(), "repository:app:pull")
    with registry_of(fake, DECKHAND, "pull,push", also=["base/image"]) as registry:
        get(registry)
    assert tokens.scopes() == [["repository:app:pull,push", "repository:base/image:pull"]]


def test_a_registry_may_ask_for_another_repository_to_be_read_and_for_nothing_else(
    fake: FakeRegistry, tokens: Tokens
) -> None:
    wanted = "repository:app:pull repository:base:pull repository:secret:pull,push registry:catalog:* nonsense"
    tokens.guard(fake, "GET", MANIFEST, Answer(), wanted)
    with registry_of(fake, DECKHAND) as registry:
        get(registry)
    assert tokens.scopes() == [["registry:catalog:*", "repository:app:pull", "repository:base:pull"]]


def test_another_repository_that_must_not_be_read_does_no_harm(fake: FakeRegistry, tokens: Tokens) -> None:
    def strict(seen: Seen) -> Answer:
        return Answer(403) if "repository:secret:pull" in seen.query["scope"] else tokens._get(seen)

    tokens.server.on("GET", "/token", strict)
    tokens.guard(fake, "GET", MANIFEST, Answer(200, b"yes"), "repository:app:pull")
    fake.on("GET", "/v2/app/tags/list", tokens.challenge("repository:app:pull repository:secret:pull"))
    with registry_of(fake, DECKHAND) as registry:
        assert get(registry).content == b"yes"
        with pytest.raises(Denied):
            registry.request("GET", "tags/list", expected={200})
        tokens.revoked.add("t1")
        assert get(registry).content == b"yes"
    assert tokens.given == ["t1", "t2"]


def test_an_identity_token_stands_for_the_password(fake: FakeRegistry, tokens: Tokens) -> None:
    tokens.guard(fake, "GET", MANIFEST, Answer(200, b"yes"), "repository:app:pull")
    with registry_of(fake, Credentials(USER, "", IDENTITY)) as registry:
        assert get(registry).content == b"yes"
    [asked] = tokens.server.asked("POST", "/token")
    assert b"grant_type=refresh_token" in asked.body
    assert b"scope=repository%3Aapp%3Apull" in asked.body


def test_a_registry_token_is_sent_as_it_is(fake: FakeRegistry, tokens: Tokens) -> None:
    tokens.given.append("kept")
    tokens.guard(fake, "GET", MANIFEST, Answer(200, b"yes"), "repository:app:pull")
    with registry_of(fake, Credentials(registry_token="kept")) as registry:
        assert get(registry).content == b"yes"
    assert tokens.server.seen == []


def test_a_token_that_is_refused_is_replaced_once(fake: FakeRegistry, tokens: Tokens) -> None:
    tokens.guard(fake, "GET", MANIFEST, Answer(200, b"yes"), "repository:app:pull")
    with registry_of(fake, DECKHAND) as registry:
        get(registry)
        tokens.revoked.add("t1")
        assert get(registry).content == b"yes"
        tokens.revoked |= {"t2", "t3"}
        with pytest.raises(Denied):
            get(registry)
    assert tokens.given == ["t1", "t2", "t3"]


def test_a_token_server_that_refuses_is_the_end(fake: FakeRegistry, tokens: Tokens) -> None:
    tokens.guard(fake, "GET", MANIFEST, Answer(), "repository:app:pull")
    with (
        registry_of(fake, Credentials(USER, "wrong")) as registry,
        pytest.raises(Denied, match="token server") as caught,
    ):
        get(registry)
    assert "qd login" in caught.value.hint
    assert len(tokens.server.asked("GET", "/token")) == 1


def test_a_token_server_that_is_busy_is_asked_again(fake: FakeRegistry, tokens: Tokens) -> None:
    tokens.guard(fake, "GET", MANIFEST, Answer(200, b"yes"), "repository:app:pull")
    tokens.server.on("GET", "/token", Answer(503), tokens._get)
    with registry_of(fake, DECKHAND) as registry:
        assert get(registry).content == b"yes"


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"token": ""}', b'{"token": 7}', b'{"token": "a\\r\\nb"}', b'{"token": "\xc3\xa9"}', b"\xff"],
)
def test_an_answer_without_a_token_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput, match="token server"):
        read_token(body, lambda: 0.0)


def test_an_answer_of_the_token_server_that_does_not_end_is_refused(fake: FakeRegistry, tokens: Tokens) -> None:
    tokens.guard(fake, "GET", MANIFEST, Answer(), "repository:app:pull")
    tokens.server.on("GET", "/token", Answer(200, b"x" * 60_000, dripping=True))
    with registry_of(fake, DECKHAND) as registry, pytest.raises(InvalidInput, match="more than 65536 bytes"):
        get(registry)


@pytest.mark.parametrize(
    ("said", "good_seconds"),
    [(300, 270.0), (100, 80.0), (None, 48.0), (0, 48.0), (1, 48.0), (-5, 48.0), (10**12, 86_370.0)],
)
def test_a_token_is_replaced_before_its_end(said: int | None, good_seconds: float) -> None:
    body = {"access_token": "x"} | ({} if said is None else {"expires_in": said})
    assert read_token(json.dumps(body).encode(), lambda: 1000.0).good_until == 1000.0 + good_seconds


def test_a_token_is_fetched_again_when_its_time_is_over_and_not_before() -> None:
    now, fetched = [0.0], []

    def fetch(wanted: Ask) -> httpx.Response:
        fetched.append(wanted)
        return httpx.Response(200, content=b'{"token": "t%d", "expires_in": 100}' % len(fetched))

    authorization = Authorization("h", ["repository:a:pull"], None, fetch, lambda: now[0])
    request = httpx.Request("GET", "https://registry.example.com/v2/")
    headers = {"WWW-Authenticate": 'Bearer realm="https://auth.example.com/"'}
    assert authorization.answer(httpx.Response(401, headers=headers, request=request), "") == "Bearer t1"
    now[0] = 79.0
    assert authorization.header() == "Bearer t1"
    now[0] = 80.0
    assert authorization.header() == "Bearer t2"


def test_threads_that_are_refused_at_once_fetch_one_token(fake: FakeRegistry, tokens: Tokens) -> None:
    tokens.guard(fake, "GET", MANIFEST, Answer(200, b"yes"), "repository:app:pull")
    answers: list[bytes] = []
    with registry_of(fake, DECKHAND) as registry:
        threads = [threading.Thread(target=lambda: answers.append(get(registry).content)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [b"yes"] * 8
    assert tokens.given == ["t1"]


REALMS = [
    "file:///etc/passwd",
    "",
    "auth.example.com/token",
    "ftp://auth.example.com/",
    "https://user:pass@auth.example.com/",
    "http://auth.example.com/token",
    "https://127.0.0.1/token",
    "https://localhost/token",
    "https://169.254.169.254/token",
    "https://[::1]/token",
    "https://[::ffff:127.0.0.1]/token",
    "https://2130706433/token",
    "https://0x7f.1/token",
    "https://",
    "https://exa mple/",
]


@pytest.mark.parametrize("realm", REALMS)
def test_a_realm_that_must_not_get_a_password_gets_no_request(realm: str) -> None:
    def fetch(wanted: Ask) -> httpx.Response:
        raise AssertionError(f"asked {wanted}")

    authorization = Authorization("registry.example.com", [], DECKHAND, fetch)
    request = httpx.Request("GET", "https://registry.example.com/v2/")
    headers = {"WWW-Authenticate": f'Bearer realm="{realm}"'}
    with pytest.raises(EngineError):
        authorization.answer(httpx.Response(401, headers=headers, request=request), "")


def test_passwords_and_tokens_are_not_in_what_python_prints() -> None:
    shown = repr(Credentials("u", "hidden", "hidden", "hidden")) + repr(read_token(b'{"token": "hidden"}', lambda: 0.0))
    assert "hidden" not in shown


def test_a_token_server_that_cannot_be_reached_is_named(fake: FakeRegistry) -> None:
    with serving() as gone:
        url = gone.url
    fake.on("GET", MANIFEST, Answer(401, b"", (("WWW-Authenticate", f'Bearer realm="{url}/token"'),)))
    with registry_of(fake) as registry, pytest.raises(Unreachable, match=url.removeprefix("http://")):
        get(registry)
