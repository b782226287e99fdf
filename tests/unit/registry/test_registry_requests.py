"""Requests to a registry: what comes back, what is asked again, and what leaks to nobody."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from support.fake_registry import Answer, FakeRegistry, serving
from support.token_server import PASSWORD, USER, Pause, basic

from engine.errors import EngineError, InvalidInput, NotFound, Unreachable
from engine.image.registry.access.tokens import Credentials
from engine.image.registry.hosts.endpoints import Endpoint
from engine.image.registry.http.answers import Denied, clean, read_complaints
from engine.image.registry.http.bodies import DOCUMENT_MAX, SECONDS_MAX, whole
from engine.image.registry.http.retries import Interrupted, Patience, retry_after
from engine.image.registry.http.transport import Registry

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
MANIFEST, BLOB, UPLOAD = "/v2/app/manifests/1", "/v2/app/blobs/x", "/v2/app/blobs/uploads/1"


@pytest.fixture
def fake() -> Iterator[FakeRegistry]:
    with serving() as server:
        yield server


@pytest.fixture
def pause() -> Pause:
    return Pause([])


@pytest.fixture
def said() -> list[dict[str, object]]:
    return []


@pytest.fixture
def registry(fake: FakeRegistry, pause: Pause, said: list[dict[str, object]]) -> Iterator[Registry]:
    patience = Patience(attempts=4, sleep=pause, chance=lambda: 1.0, now=lambda: NOW, silence_seconds=2.0)
    who = Credentials(USER, PASSWORD)
    with Registry(Endpoint(fake.host, "app"), credentials=who, patience=patience, say=said.append) as registry:
        yield registry


def get(registry: Registry, path: str = "manifests/1", **more: object) -> httpx.Response:
    return registry.request("GET", path, expected={200}, **more)  # type: ignore[arg-type]


def errors(code: str, message: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message, "detail": {"x": 1}}]}).encode()


def test_an_answer_comes_with_its_body_and_its_headers(fake: FakeRegistry, registry: Registry) -> None:
    fake.on("GET", MANIFEST, Answer(200, b"{}", (("Docker-Content-Digest", "sha256:0"),)))
    answer = get(registry, headers={"Accept": "a/b"})
    assert (answer.content, answer.headers["docker-content-digest"]) == (b"{}", "sha256:0")
    [seen] = fake.asked("GET", MANIFEST)
    assert seen.headers["accept"] == "a/b"
    assert seen.headers["accept-encoding"] == "identity"
    assert seen.headers["user-agent"].startswith("quarterdeck/")


def test_a_head_tells_the_length_of_what_it_does_not_send(fake: FakeRegistry, registry: Registry) -> None:
    fake.on("HEAD", BLOB, Answer(200, b"12345"))
    answer = registry.request("HEAD", "blobs/x", expected={200})
    assert (answer.headers["content-length"], answer.content) == ("5", b"")


def test_a_stream_is_the_caller_s_to_read(fake: FakeRegistry, registry: Registry) -> None:
    fake.on("GET", BLOB, Answer(200, b"x" * 300_000))
    answer = get(registry, "blobs/x", stream=True)
    assert sum(len(piece) for piece in answer.iter_raw()) == 300_000
    answer.close()


def test_a_stream_that_is_cut_says_so(fake: FakeRegistry, registry: Registry) -> None:
    fake.on("GET", BLOB, Answer(200, b"x" * 300_000, cut_after=1000))
    answer = get(registry, "blobs/x", stream=True)
    with pytest.raises(httpx.TransportError):
        list(answer.iter_raw())


def test_what_claims_to_be_compressed_is_not_expanded(fake: FakeRegistry, registry: Registry) -> None:
    fake.on("GET", MANIFEST, Answer(200, b"\x1f\x8bnot gzip", (("Content-Encoding", "gzip"),)))
    assert get(registry).content == b"\x1f\x8bnot gzip"


def test_a_document_that_is_too_large_is_refused(fake: FakeRegistry, registry: Registry) -> None:
    fake.on("GET", MANIFEST, Answer(200, b"x" * 65536, dripping=True))
    with pytest.raises(InvalidInput, match=f"more than {DOCUMENT_MAX} bytes"):
        get(registry)
    with pytest.raises(InvalidInput, match="more than 10 bytes"):
        get(registry, limit=10)


def test_a_document_that_drips_is_given_up() -> None:
    now = iter([0.0, 1.0, SECONDS_MAX + 1])
    request = httpx.Request("GET", "https://registry.example.com/")
    with pytest.raises(Unreachable, match="took more than"):
        whole(httpx.Response(200, content=iter([b"a", b"b", b"c"]), request=request), 100, lambda: next(now))


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (404, errors("MANIFEST_UNKNOWN", "manifest unknown"), NotFound, "has no app:1: manifest unknown"),
        (404, errors("NAME_UNKNOWN", ""), NotFound, "has no app:1: NAME_UNKNOWN"),
        (404, b"<html>nginx</html>", NotFound, "has no app:1"),
        (400, errors("NAME_UNKNOWN", "no"), NotFound, "has no app:1: no"),
        (403, errors("DENIED", "not yours"), Denied, "refuses access to app:1: not yours"),
        (400, errors("UNAUTHORIZED", "who"), Denied, "refuses access to app:1: who"),
        (400, b"", InvalidInput, "answered 400"),
        (
            418,
            errors("TEAPOT", "short and stout"),
            InvalidInput,
            "answered 418 to a request for app:1: short and stout",
        ),
        (501, b"", Unreachable, "failed with 501"),
        (200, b"", None, ""),
        (204, b"", InvalidInput, "answered 204"),
    ],
)
def test_a_refusal_becomes_one_sentence(
    fake: FakeRegistry, registry: Registry, status: int, body: bytes, kind: type[EngineError] | None, words: str
) -> None:
    fake.on("GET", MANIFEST, Answer(status, body))
    if kind is None:
        assert get(registry).status_code == status
        return
    with pytest.raises(kind, match=words) as caught:
        get(registry)
    assert type(caught.value) is kind
    assert caught.value.hint


def test_a_registry_s_words_bring_no_escape_sequence_and_have_an_end(fake: FakeRegistry, registry: Registry) -> None:
    fake.on("GET", MANIFEST, Answer(404, errors("X", "\x1b]0;owned\x07 \u202e \x9b2J\n" + "long " * 10_000)))
    with pytest.raises(NotFound) as caught:
        get(registry)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b"null", b'{"errors": 7}', b'{"errors": [7, {"code": []}]}', b"[" * 100_000]
)
def test_a_body_that_is_no_list_of_errors_says_nothing(body: bytes) -> None:
    assert read_complaints(body) == []


def test_token_servers_say_it_their_own_way() -> None:
    assert read_complaints(b'{"details": "incorrect"}')[0].message == "incorrect"
    assert read_complaints(b'{"error": "invalid", "error_description": "expired"}')[0].message == "expired"


def test_words_are_cleaned() -> None:
    assert clean("a\x1b[31m\tb\r\n c") == "a [31m b c"
    assert clean("x" * 1000, 10) == "xxxxxxx..."


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_registry_is_asked_again_later_each_time(
    fake: FakeRegistry, registry: Registry, pause: Pause, said: list[dict[str, object]], status: int
) -> None:
    fake.on("GET", MANIFEST, Answer(status), Answer(status), Answer(200, b"yes"))
    assert get(registry).content == b"yes"
    assert pause.seconds == [0.5, 1.0]
    assert said == [{"step": "retrying in 1 s"}, {"step": "retrying in 1 s"}]


def test_a_registry_that_stays_busy_is_given_up(fake: FakeRegistry, registry: Registry, pause: Pause) -> None:
    fake.on("GET", MANIFEST, Answer(503))
    with pytest.raises(Unreachable, match="failed with 503"):
        get(registry)
    assert len(fake.asked("GET", MANIFEST)) == 4
    assert pause.seconds == [0.5, 1.0, 2.0]


def test_too_many_requests_are_told_with_a_way_out(fake: FakeRegistry, registry: Registry) -> None:
    fake.on("GET", MANIFEST, Answer(429, errors("TOOMANYREQUESTS", "pull rate limit")))
    with pytest.raises(Unreachable, match="too many requests: pull rate limit") as caught:
        get(registry)
    assert "qd login" in caught.value.hint


@pytest.mark.parametrize("header", ["7", "Sun, 01 Mar 2026 12:00:07 GMT"])
def test_a_registry_says_when_to_come_back(
    fake: FakeRegistry, registry: Registry, pause: Pause, said: list[dict[str, object]], header: str
) -> None:
    fake.on("GET", MANIFEST, Answer(429, b"", (("Retry-After", header),)), Answer(200))
    get(registry)
    assert pause.seconds == [7.0]
    assert said == [{"step": "retrying in 7 s"}]


def test_nobody_waits_an_hour(fake: FakeRegistry, registry: Registry, pause: Pause) -> None:
    fake.on("GET", MANIFEST, Answer(429, b"", (("Retry-After", "3600"),)))
    with pytest.raises(Unreachable, match="60 minutes") as caught:
        get(registry)
    assert "try again after" in caught.value.hint
    assert pause.seconds == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        (" 12 ", 12.0),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60.0),
        ("Sunday, 01-Mar-26 12:01:00 GMT", 60.0),
        ("Sun Mar  1 12:01:00 2026", 60.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("\x1d0", None),
        ("-1", None),
        ("1e9", None),
        ("9" * 400, None),
        ("Sun, 99 Mar 2026 12:01:00 GMT", None),
        ("Sun, 01 Mar 99999 12:01:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


def test_waiting_grows_has_an_end_and_is_not_the_same_for_all() -> None:
    assert [Patience(chance=lambda: 1.0).delay(count) for count in (1, 2, 3, 30)] == [0.5, 1.0, 2.0, 20.0]
    assert Patience(chance=lambda: 0.0).delay(1) == 0.25


def test_a_connection_that_is_dropped_is_made_again(fake: FakeRegistry, registry: Registry, pause: Pause) -> None:
    fake.on("GET", MANIFEST, Answer(dropped=True), Answer(200, b"yes"))
    assert get(registry).content == b"yes"
    assert pause.seconds == [0.5]


def test_silence_is_not_borne_for_ever(fake: FakeRegistry, pause: Pause) -> None:
    fake.on("GET", MANIFEST, Answer(stalled=True))
    patience = Patience(attempts=2, sleep=pause, silence_seconds=0.2)
    fake.on("HEAD", "/v2/", Answer(200))
    with (
        Registry(Endpoint(fake.host, "app"), tls_verify=False, patience=patience) as registry,
        pytest.raises(Interrupted, match="silent"),
    ):
        get(registry)
    assert len(pause.seconds) == 1


def test_nobody_there_is_told_at_once(pause: Pause) -> None:
    with serving() as gone:
        host = gone.host
    with (
        Registry(Endpoint(host, "app"), patience=Patience(sleep=pause)) as registry,
        pytest.raises(Unreachable, match=f"{host} cannot be reached: Connection refused"),
    ):
        get(registry)
    assert pause.seconds == []


def test_half_an_upload_is_not_sent_again_by_itself(fake: FakeRegistry, registry: Registry, pause: Pause) -> None:
    fake.on("PATCH", UPLOAD, Answer(dropped=True))
    with pytest.raises(Interrupted):
        registry.request("PATCH", UPLOAD, content=b"half", expected={202})
    fake.on("PATCH", UPLOAD, Answer(502))
    with pytest.raises(Unreachable, match="502"):
        registry.request("PATCH", UPLOAD, content=b"half", expected={202})
    assert pause.seconds == []


def test_an_upload_that_was_turned_away_is_sent_again(fake: FakeRegistry, registry: Registry) -> None:
    fake.on("PATCH", UPLOAD, Answer(503), Answer(202))
    registry.request("PATCH", UPLOAD, content=[b"on", b"ce"], expected={202})
    assert [seen.body for seen in fake.asked("PATCH", UPLOAD)] == [b"once", b"once"]


def test_what_can_be_read_but_once_is_sent_but_once(fake: FakeRegistry, registry: Registry, pause: Pause) -> None:
    fake.on("PATCH", UPLOAD, Answer(503))
    with pytest.raises(Unreachable):
        registry.request("PATCH", UPLOAD, content=iter([b"on", b"ce"]), expected={202})
    assert [seen.body for seen in fake.asked("PATCH", UPLOAD)] == [b"once"]
    assert pause.seconds == []


def test_a_length_that_is_known_is_told(fake: FakeRegistry, registry: Registry) -> None:
    fake.on("PATCH", UPLOAD, Answer(202))
    registry.request("PATCH", UPLOAD, headers={"Content-Length": "4"}, content=[b"on", b"ce"], expected={202})
    [seen] = fake.asked("PATCH", UPLOAD)
    assert seen.headers["content-length"] == "4"
    assert "transfer-encoding" not in seen.headers


def test_cookies_are_not_kept(fake: FakeRegistry, registry: Registry) -> None:
    fake.on("GET", MANIFEST, Answer(200, b"", (("Set-Cookie", "tracked=yes; Path=/"),)))
    get(registry)
    get(registry)
    assert all("cookie" not in seen.headers for seen in fake.seen)


def moved(url: str, status: int = 307) -> Answer:
    return Answer(status, b"moved", (("Location", url),))


def guarded(fake: FakeRegistry, path: str, answer: Answer) -> None:
    challenge = Answer(401, b"", (("WWW-Authenticate", "Basic"),))
    fake.on(
        "GET", path, lambda seen: answer if seen.headers.get("authorization") == basic(USER, PASSWORD) else challenge
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_blob_elsewhere_is_fetched_there_without_credentials(
    fake: FakeRegistry, registry: Registry, status: int
) -> None:
    with serving() as other:
        other.on("GET", "/bucket", Answer(200, b"blob"))
        guarded(fake, BLOB, moved(f"{other.url}/bucket?signature=1#part", status))
        assert get(registry, "blobs/x", headers={"Range": "bytes=0-"}).content == b"blob"
        [seen] = other.seen
    assert "authorization" not in seen.headers
    assert seen.headers["range"] == "bytes=0-"
    assert seen.query == {"signature": ["1"]}


def test_another_host_that_wants_a_password_does_not_get_it(fake: FakeRegistry, registry: Registry) -> None:
    with serving() as other:
        other.on("GET", "/bucket", Answer(401, b"", (("WWW-Authenticate", "Basic"),)))
        guarded(fake, BLOB, moved(f"{other.url}/bucket"))
        with pytest.raises(Denied):
            get(registry, "blobs/x")
        assert all("authorization" not in seen.headers for seen in other.seen)
        assert len(other.seen) == 1


def test_a_registry_may_lead_on_within_itself_with_credentials(fake: FakeRegistry, registry: Registry) -> None:
    guarded(fake, BLOB, moved("/elsewhere"))
    guarded(fake, "/elsewhere", Answer(200, b"blob"))
    assert get(registry, "blobs/x").content == b"blob"


def test_an_address_of_another_host_is_asked_without_credentials(fake: FakeRegistry, registry: Registry) -> None:
    guarded(fake, MANIFEST, Answer(200))
    get(registry)
    with serving() as other:
        other.on("PUT", "/upload", Answer(201))
        registry.request("PUT", f"{other.url}/upload?x=1", content=b"blob", expected={201})
        [seen] = other.seen
    assert "authorization" not in seen.headers


def test_going_round_in_circles_ends(fake: FakeRegistry, registry: Registry) -> None:
    fake.on("GET", BLOB, moved(BLOB))
    with pytest.raises(Unreachable, match="more than 5 times"):
        get(registry, "blobs/x")
    assert len(fake.asked("GET", BLOB)) == 6


def test_an_upload_moves_only_where_it_stays_an_upload(fake: FakeRegistry, registry: Registry) -> None:
    fake.on("PUT", UPLOAD, moved("/new", 302))
    with pytest.raises(InvalidInput, match="answered 302"):
        registry.request("PUT", UPLOAD, content=b"blob", expected={201})
    fake.on("PUT", UPLOAD, moved("/new", 307))
    fake.on("PUT", "/new", Answer(201))
    registry.request("PUT", UPLOAD, content=b"blob", expected={201})
    assert fake.asked("PUT", "/new")[0].body == b"blob"


def test_what_is_asked_for_is_named_as_people_name_it(fake: FakeRegistry, registry: Registry) -> None:
    for path, words in [
        ("manifests/sha256:00", "app@sha256:00"),
        ("blobs/sha256:00112233445566778899", "blob sha256:001122334455 of app"),
        ("blobs/uploads/", "app"),
        ("tags/list", "app"),
        ("/v2/_catalog", "/v2/_catalog"),
    ]:
        with pytest.raises(NotFound, match=f"has no {words}$"):
            get(registry, path)
    with pytest.raises(NotFound, match=r"has no treasure$"):
        get(registry, "manifests/1", what="treasure")
