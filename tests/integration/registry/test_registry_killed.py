"""A pull that is killed at any moment leaves a store that opens, and what it has is not fetched again."""

import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from support import faulty_answers as faulty
from support import images, registry_images, store_contents
from support.fault_proxy import FaultProxy
from support.faulty_answers import Fault
from support.registry_server import RegistryServer
from support.waiting import until

from engine.image.registry.pull import pull
from engine.image.store.images import Store

pytestmark = [pytest.mark.root, pytest.mark.requires("root", "docker-registry")]

BIG = images.layer({"bin/tool": os.urandom(3_000_000)})
SMALL = images.layer({"etc/motd": b"hello\n"})
BLOB = f"blobs/{BIG.descriptor.digest}"
PULL = """
import sys
from engine.image.registry.pull import pull
from engine.image.store.images import Store
pull(Store(sys.argv[1], sys.argv[2]), sys.argv[3], say=lambda event: print(event["step"], flush=True))
"""


def start(store: Store, name: str) -> "subprocess.Popen[str]":
    places = [store.layout.folder, store.unpacked.folder]
    return subprocess.Popen([sys.executable, "-c", PULL, *places, name], stdout=subprocess.PIPE, text=True)


def kill(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def silent(_event: dict[str, Any]) -> None:
    pass


@pytest.fixture
def name(open_registry: RegistryServer, proxy: FaultProxy) -> str:
    """An image behind the proxy."""
    registry_images.put(open_registry.host, "killed/app", "1", [SMALL, BIG])
    return f"{proxy.host}/killed/app:1"


def test_the_next_pull_goes_on_where_a_killed_one_was(proxy: FaultProxy, store: Store, name: str) -> None:
    proxy.add(Fault(path=BLOB, change=faulty.stall(1_000_000)))
    process = start(store, name)
    partial = f"{store.layout.blobs.partials}/{BIG.descriptor.digest[7:]}"
    until(lambda: os.path.exists(partial) and os.path.getsize(partial) == 1_000_000, "the beginning of the blob")
    until(lambda: store.layout.blobs.has(SMALL.descriptor), "the small blob")
    kill(process)
    assert store.images() == []
    pull(store, name, say=silent)
    assert [request.headers.get("range") for request in proxy.asked("GET", BLOB)] == [None, "bytes=1000000-"]
    assert len(proxy.asked("GET", f"blobs/{SMALL.descriptor.digest}")) == 1
    assert store_contents.of(store).partials == []


def test_pruning_takes_what_a_killed_pull_has_left(proxy: FaultProxy, store: Store, name: str) -> None:
    proxy.add(Fault(path=BLOB, change=faulty.stall(1_000_000)))
    process = start(store, name)
    until(lambda: BIG.descriptor.digest[7:] in store_contents.of(store).partials, "the beginning of the blob")
    kill(process)
    store.prune()
    assert store_contents.of(store) == store_contents.NOTHING


def test_a_waiting_pull_takes_over_from_one_that_is_killed(proxy: FaultProxy, store: Store, name: str) -> None:
    proxy.add(Fault(path=BLOB, change=faulty.stall(1_000_000)))
    first = start(store, name)
    until(lambda: proxy.asked("GET", BLOB), "the first to ask for the blob")
    second = start(store, name)
    assert second.stdout is not None
    while "waiting" not in second.stdout.readline():
        assert second.poll() is None
    kill(first)
    assert second.wait(60) == 0
    second.stdout.close()
    assert len(proxy.asked("GET", BLOB)) == 2
    assert [image.names for image in store.images()] == [(name,)]
