"""Tags come in pages, from one registry, and never without end."""

import json

import pytest
from support.fake_registry import Answer, FakeRegistry, Seen, serving

from engine.errors import InvalidInput
from engine.image.registry import tags as listing
from engine.image.registry.hosts.endpoints import Endpoint
from engine.image.registry.http.retries import Patience
from engine.image.registry.http.transport import Registry
from engine.image.registry.tags import tags

PATH = "/v2/app/tags/list"


def page(names: list[str] | None, link: str = "") -> Answer:
    headers = (("Link", link),) if link else ()
    return Answer(200, json.dumps({"name": "app", "tags": names}).encode(), headers)


def listed(server: FakeRegistry) -> list[str]:
    patience = Patience(sleep=lambda _seconds: None)
    with Registry(Endpoint(server.host, "app", insecure=True), patience=patience, tls_verify=False) as registry:
        return tags(registry)


def test_pages_follow_each_other_by_the_last_tag() -> None:
    def answer(seen: Seen) -> Answer:
        if seen.query.get("last") == ["b+1"]:
            return page(["c"])
        return page(["a", "b"], '<https://elsewhere.example.com/v2/other?n=2&last=b%2B1>; rel="next"')

    with serving() as server:
        server.on("GET", PATH, answer)
        assert listed(server) == ["a", "b", "c"]
        assert {seen.path for seen in server.seen if seen.method == "GET"} == {PATH}


@pytest.mark.parametrize("names", [None, []])
def test_a_repository_without_tags_has_none(names: list[str] | None) -> None:
    with serving() as server:
        server.on("GET", PATH, page(names))
        assert listed(server) == []


def test_pages_that_bring_nothing_new_are_the_end() -> None:
    with serving() as server:
        server.on("GET", PATH, page(["a"], f'<{PATH}?last=a>; rel="next"'))
        assert listed(server) == ["a"]


def test_more_tags_than_anybody_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "TAGS_MAX", 100)

    def answer(seen: Seen) -> Answer:
        start = int(seen.query.get("last", ["0"])[0])
        names = [str(number) for number in range(start + 1, start + 51)]
        return page(names, f"<?last={start + 50}>; rel=next")

    with serving() as server:
        server.on("GET", PATH, answer)
        with pytest.raises(InvalidInput, match="more than 100 tags"):
            listed(server)


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b'{"tags": [1]}', b'{"tags": ["a b"]}', b'{"tags": ["\\u001b[31m"]}', b'{"tags": [""]}']
)
def test_what_is_no_list_of_tags_is_refused(body: bytes) -> None:
    with serving() as server:
        server.on("GET", PATH, Answer(200, body))
        with pytest.raises(InvalidInput):
            listed(server)
