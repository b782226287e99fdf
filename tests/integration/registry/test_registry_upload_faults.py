"""What networks and registries do to a push: it goes on where that helps, and a tag never names what is not there."""

import os
from typing import Any

import pytest
from support import fault_proxy, images, registry_images
from support import faulty_answers as faulty
from support.fault_proxy import FaultProxy
from support.faulty_answers import FOR_EVER, Answer, Fault
from support.registry_server import RegistryServer

from engine.errors import EngineError, InvalidInput, Unreachable
from engine.image import oci
from engine.image.registry.http.retries import Patience
from engine.image.registry.pull import pull
from engine.image.registry.push import push
from engine.image.store.blobs import sha256
from engine.image.store.images import Store

pytestmark = [pytest.mark.root, pytest.mark.requires("root", "docker-registry")]

STORED = images.layer({"bin/tool": os.urandom(3_000_000)})
PLAIN = images.layer({"bin/other": os.urandom(3_000_000)}, oci.LAYER)
PATIENCE = Patience(sleep=lambda _seconds: None, first_seconds=0.001)


def silent(_event: dict[str, Any]) -> None:
    pass


@pytest.fixture(params=[STORED, PLAIN], ids=["as it is", "compressed on its way"])
def kept(request: pytest.FixtureRequest, open_registry: RegistryServer, store: Store) -> str:
    """An image of one large layer in the store."""
    number = sha256(request.param.blob)[7:19]
    registry_images.put(open_registry.host, f"cuts/source-{number}", "1", [request.param])
    pull(store, f"{open_registry.host}/cuts/source-{number}:1", say=silent)
    return f"{open_registry.host}/cuts/source-{number}:1"


@pytest.fixture
def target(proxy: FaultProxy, request: pytest.FixtureRequest) -> str:
    """A tag in a repository of this test's own, behind the proxy."""
    return f"{proxy.host}/cuts/{sha256(request.node.name.encode())[7:19]}:1"


def send(store: Store, name: str, target: str, events: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return push(store, name, target, patience=PATIENCE, say=(events if events is not None else []).append)


def arrived(store: Store, other: Store, name: str, target: str) -> None:
    """What is there now is the image."""
    pull(other, target, say=silent)
    assert other.find(target).id == store.find(name).id


def tags(registry: RegistryServer, target: str) -> list[str]:
    return registry.tags(target.partition("/")[2].partition(":")[0])


def test_an_upload_that_is_cut_goes_on_from_what_has_arrived(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, other: Store, kept: str, target: str
) -> None:
    proxy.add(Fault(method="PATCH", path=".", keep_of_request=2_000_000))
    send(store, kept, target)
    first, second = proxy.asked("PATCH", ".")
    (asked,) = proxy.asked("GET", "/uploads/")
    assert len({request.path.partition("?")[0] for request in (first, asked, second)}) == 1
    begin, _, last = second.headers["content-range"].partition("-")
    assert int(begin) == 2_000_000
    assert int(second.headers["content-length"]) == int(last) + 1 - 2_000_000
    arrived(store, other, kept, target)


def test_an_upload_of_which_the_registry_knows_nothing_for_sure_begins_anew(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, other: Store, kept: str, target: str
) -> None:
    proxy.add(Fault(method="PATCH", path=".", cut_request_after=2_000_000))
    send(store, kept, target)
    first, second = proxy.asked("PATCH", ".")
    assert first.path.partition("?")[0] != second.path.partition("?")[0]
    arrived(store, other, kept, target)


def test_an_upload_that_the_registry_has_forgotten_begins_anew(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, other: Store, kept: str, target: str
) -> None:
    proxy.add(
        Fault(method="PATCH", path=".", cut_request_after=2_000_000),
        Fault(method="GET", path="/uploads/", change=faulty.status(404)),
    )
    send(store, kept, target)
    assert len(proxy.asked("POST", r"uploads/$")) == 3  # two for the layer and one for the config
    arrived(store, other, kept, target)


def test_an_upload_that_the_registry_takes_up_no_more_begins_anew(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, other: Store, kept: str, target: str
) -> None:
    proxy.add(
        Fault(method="PATCH", path=".", keep_of_request=2_000_000),
        Fault(method="PATCH", path=".", change=faulty.status(404), instead=True),
    )
    send(store, kept, target)
    assert len(proxy.asked("POST", r"uploads/$")) == 3  # two for the layer and one for the config
    arrived(store, other, kept, target)


def test_an_upload_whose_answer_is_lost_is_not_sent_again(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, other: Store, kept: str, target: str
) -> None:
    proxy.add(Fault(method="PATCH", path=".", change=faulty.status(502)))
    send(store, kept, target)
    arrived(store, other, kept, target)


def test_a_last_word_whose_answer_is_lost_is_found_to_have_been_heard(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, other: Store, kept: str, target: str
) -> None:
    proxy.add(Fault(method="PUT", path="digest=", change=faulty.status(502), times=2))
    send(store, kept, target)
    arrived(store, other, kept, target)


def test_a_busy_registry_is_waited_for(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, other: Store, kept: str, target: str
) -> None:
    for method in ("HEAD", "POST", "PATCH", "PUT"):
        proxy.add(Fault(method=method, path=".", change=faulty.status(429, retry_after="0"), instead=True))
    events: list[dict[str, Any]] = []
    send(store, kept, target, events)
    assert "retrying in 1 s" in {event["step"] for event in events}
    arrived(store, other, kept, target)


def test_an_upload_that_never_gets_through_is_given_up_and_no_tag_is_made(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, kept: str, target: str
) -> None:
    proxy.add(Fault(method="PATCH", path=".", cut_request_after=0, times=FOR_EVER))
    with pytest.raises(Unreachable, match="was cut 5 times"):
        send(store, kept, target)
    assert tags(open_registry, target) == []


def test_a_registry_that_takes_a_blob_for_another_is_not_trusted(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, kept: str, target: str
) -> None:
    wrong = faulty.headers(docker_content_digest=sha256(b"another"))
    proxy.add(Fault(method="PUT", path="digest=", change=wrong, times=FOR_EVER))
    with pytest.raises(InvalidInput, match="the registry took"):
        send(store, kept, target)
    assert tags(open_registry, target) == []


def test_a_registry_that_takes_the_manifest_for_another_is_not_trusted(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, kept: str, target: str
) -> None:
    wrong = faulty.headers(docker_content_digest=sha256(b"another"))
    proxy.add(Fault(method="PUT", path="manifests/", change=wrong))
    with pytest.raises(EngineError, match="took the manifest"):
        send(store, kept, target)


def test_a_registry_that_says_nothing_of_where_to_upload_is_refused(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, kept: str, target: str
) -> None:
    nowhere = Fault(method="POST", path=".", change=lambda _: Answer(status=202, headers={}, body=b""), times=FOR_EVER)
    proxy.add(nowhere)
    with pytest.raises(InvalidInput, match="where an upload goes"):
        send(store, kept, target)


def test_an_upload_may_go_to_another_host_which_gets_no_credentials(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, other: Store, kept: str, target: str
) -> None:
    with fault_proxy.before(open_registry.host) as elsewhere:

        def lead_there(answer: Answer) -> Answer:
            location = answer.headers["location"].replace(proxy.host, elsewhere.host)
            return answer.with_headers(location=location)

        proxy.add(Fault(method="POST", path=".", change=lead_there, times=FOR_EVER))
        send(store, kept, target)
        assert elsewhere.asked("PUT", "digest=")
        assert not any("authorization" in request.headers for request in elsewhere.requests)
    arrived(store, other, kept, target)


def test_a_relative_address_of_an_upload_is_one_of_the_registry(
    open_registry: RegistryServer, proxy: FaultProxy, store: Store, other: Store, kept: str, target: str
) -> None:
    def relative(answer: Answer) -> Answer:
        return answer.with_headers(location=answer.headers["location"].partition(proxy.host)[2])

    for method in ("POST", "PATCH"):
        proxy.add(Fault(method=method, path=".", change=relative, times=FOR_EVER))
    send(store, kept, target)
    arrived(store, other, kept, target)
