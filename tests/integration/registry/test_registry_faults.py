"""What networks do to a pull: it goes on where that helps, and says in words where it does not."""

import os
from typing import Any

import pytest
from support import faulty_answers as faulty
from support import images, registry_images, store_contents
from support.fault_proxy import FaultProxy
from support.faulty_answers import FOR_EVER, Fault
from support.registry_images import Served
from support.registry_server import RegistryServer

from engine.errors import InvalidInput, NotFound, Unreachable
from engine.image.registry.http.retries import Patience
from engine.image.registry.pull import pull
from engine.image.store.images import Store

pytestmark = [pytest.mark.root, pytest.mark.requires("root", "docker-registry")]

BIG = images.layer({"bin/tool": os.urandom(1_500_000)})
SMALL = images.layer({"etc/motd": b"hello\n"})
SIZE = BIG.descriptor.size
BLOB = f"blobs/{BIG.descriptor.digest}"


@pytest.fixture
def slept() -> list[float]:
    """The waits that were asked for; none is waited."""
    return []


@pytest.fixture
def patience(slept: list[float]) -> Patience:
    """No longer than a test is."""
    return Patience(sleep=slept.append, first_seconds=0.01, silence_seconds=1.0)


@pytest.fixture
def name(open_registry: RegistryServer, proxy: FaultProxy) -> str:
    """An image behind the proxy."""
    put(open_registry)
    return f"{proxy.host}/faults/app:1"


def put(registry: RegistryServer) -> Served:
    return registry_images.put(registry.host, "faults/app", "1", [SMALL, BIG])


def get(store: Store, name: str, patience: Patience, events: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return pull(store, name, patience=patience, say=(events if events is not None else []).append)


def ranges(proxy: FaultProxy) -> list[str]:
    """What was asked for of the blob, in order."""
    return [request.headers.get("range", "") for request in proxy.asked("GET", BLOB)]


def test_a_blob_that_is_cut_is_gone_on_from_where_it_was_cut(
    proxy: FaultProxy, store: Store, name: str, patience: Patience
) -> None:
    proxy.add(Fault(path=BLOB, change=faulty.cut(900_000)), Fault(path=BLOB, change=faulty.cut(400_000)))
    get(store, name, patience)
    assert ranges(proxy) == ["", "bytes=900000-", "bytes=1300000-"]
    assert store_contents.of(store).partials == []


def test_a_blob_that_stalls_is_gone_on_from_there(
    proxy: FaultProxy, store: Store, name: str, patience: Patience
) -> None:
    proxy.add(Fault(path=BLOB, change=faulty.stall(700_000)))
    get(store, name, patience)
    assert ranges(proxy) == ["", "bytes=700000-"]


def test_a_next_pull_goes_on_from_what_one_before_has_left(
    proxy: FaultProxy, store: Store, name: str, patience: Patience
) -> None:
    proxy.add(
        Fault(path=BLOB, change=faulty.cut(1_000_000)),
        Fault(path=BLOB, change=faulty.cut(0), times=patience.attempts),
    )
    with pytest.raises(Unreachable, match="was cut"):
        get(store, name, patience)
    assert store_contents.of(store).partials == [BIG.descriptor.digest[7:]]
    assert store.images() == []
    get(store, name, patience)
    assert ranges(proxy)[-1] == "bytes=1000000-"


def test_a_blob_that_never_comes_is_given_up_after_some_tries(
    proxy: FaultProxy, store: Store, name: str, patience: Patience
) -> None:
    proxy.add(Fault(path=BLOB, change=faulty.cut(0), times=FOR_EVER))
    with pytest.raises(Unreachable, match="was cut 5 times"):
        get(store, name, patience)
    assert len(ranges(proxy)) == patience.attempts


def test_a_registry_without_ranges_sends_it_all_again(
    proxy: FaultProxy, store: Store, name: str, patience: Patience
) -> None:
    def whole(answer: faulty.Answer) -> faulty.Answer:
        return faulty.Answer(status=200, headers={}, body=BIG.blob)

    proxy.add(Fault(path=BLOB, change=faulty.cut(900_000)), Fault(path=BLOB, change=whole))
    get(store, name, patience)
    assert ranges(proxy) == ["", "bytes=900000-"]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (f"bytes 0-{SIZE - 1}/{SIZE}", "from byte 0 on"),
        (f"bytes 900001-{SIZE - 1}/{SIZE}", "from byte 900001 on"),
        (f"bytes 900000-{SIZE}/{SIZE + 1}", "but the blob has"),
        ("900000-", "does not say which part"),
        ("", "does not say which part"),
    ],
)
def test_a_wrong_range_is_refused(
    proxy: FaultProxy, store: Store, name: str, patience: Patience, header: str, words: str
) -> None:
    proxy.add(
        Fault(path=BLOB, change=faulty.cut(900_000)), Fault(path=BLOB, change=faulty.headers(content_range=header))
    )
    with pytest.raises(InvalidInput, match=words):
        get(store, name, patience)
    assert store_contents.of(store).blobs == []
    get(store, name, patience)


def test_a_beginning_that_is_wrong_is_thrown_away_and_fetched_anew(
    proxy: FaultProxy, store: Store, name: str, patience: Patience
) -> None:
    os.makedirs(store.layout.blobs.partials)
    with open(f"{store.layout.blobs.partials}/{BIG.descriptor.digest[7:]}", "wb") as file:
        file.write(bytes(500_000))
    get(store, name, patience)
    assert ranges(proxy) == ["bytes=500000-", ""]


def test_a_busy_registry_is_asked_again_after_the_time_that_it_says(
    proxy: FaultProxy, store: Store, name: str, patience: Patience, slept: list[float]
) -> None:
    proxy.add(Fault(path="manifests", change=faulty.status(429, retry_after="7")))
    proxy.add(Fault(path=BLOB, change=faulty.status(503, retry_after="3")))
    events: list[dict[str, Any]] = []
    get(store, name, patience, events)
    assert sorted(slept) == [3.0, 7.0]
    assert {"layer": BIG.descriptor.digest[7:19], "step": "retrying in 3 s", "done": 0, "total": SIZE} in events


def test_a_registry_that_fails_is_asked_again_with_growing_waits(
    proxy: FaultProxy, store: Store, name: str, patience: Patience, slept: list[float]
) -> None:
    proxy.add(Fault(path="manifests", change=faulty.status(503), times=3))
    get(store, name, patience)
    assert len(slept) == 3
    assert slept[0] < slept[2]


def test_a_registry_that_goes_on_failing_is_given_up(
    proxy: FaultProxy, store: Store, name: str, patience: Patience
) -> None:
    proxy.add(Fault(path="manifests", change=faulty.status(503), times=FOR_EVER))
    with pytest.raises(Unreachable, match="503"):
        get(store, name, patience)
    assert store_contents.of(store) == store_contents.NOTHING


def test_a_blob_that_is_missing_is_said_to_be_and_nothing_is_kept(
    proxy: FaultProxy, store: Store, name: str, patience: Patience
) -> None:
    proxy.add(Fault(path=BLOB, change=faulty.status(404), times=FOR_EVER))
    with pytest.raises(NotFound):
        get(store, name, patience)
    assert store_contents.of(store)._replace(partials=[]) == store_contents.NOTHING


def test_another_host_gets_the_request_for_a_blob_but_nothing_else(
    proxy: FaultProxy, open_registry: RegistryServer, store: Store, name: str, patience: Patience
) -> None:
    from support import fault_proxy

    with fault_proxy.before(open_registry.host) as elsewhere:
        proxy.add(Fault(path=BLOB, change=faulty.redirect(f"http://{elsewhere.host}/v2/faults/app/{BLOB}")))
        get(store, name, patience)
        (request,) = elsewhere.requests
    assert request.headers["host"] == elsewhere.host
    assert "authorization" not in request.headers
    assert "cookie" not in request.headers


def test_a_cut_on_another_host_is_gone_on_from_there(
    proxy: FaultProxy, open_registry: RegistryServer, store: Store, name: str, patience: Patience
) -> None:
    from support import fault_proxy

    with fault_proxy.before(open_registry.host) as elsewhere:
        address = f"http://{elsewhere.host}/v2/faults/app/{BLOB}"
        proxy.add(Fault(path=BLOB, change=faulty.redirect(address), times=FOR_EVER))
        elsewhere.add(Fault(path=BLOB, change=faulty.cut(900_000)))
        get(store, name, patience)
        assert [request.headers.get("range") for request in elsewhere.requests] == [None, "bytes=900000-"]


def test_a_registry_that_leads_round_in_circles_is_left(
    proxy: FaultProxy, store: Store, name: str, patience: Patience
) -> None:
    proxy.add(Fault(path=BLOB, change=faulty.redirect(f"/v2/faults/app/{BLOB}"), times=FOR_EVER))
    with pytest.raises(Unreachable, match="more than 5 times"):
        get(store, name, patience)
