"""Registries on loopback, proxies before them that spoil what they pass on, and stores of a test's own."""

import os
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from support import fault_proxy, registry_server
from support.fault_proxy import FaultProxy
from support.leaks import PREFIX
from support.registry_server import RegistryServer
from support.requirements import requires

from engine.image.store.images import Store


@pytest.fixture(scope="session")
def open_registry() -> Iterator[RegistryServer]:
    """A plain registry without passwords, for all tests."""
    requires("root", "docker-registry")
    with registry_server.running() as server:
        yield server


@pytest.fixture(scope="session")
def locked_registry() -> Iterator[RegistryServer]:
    """A registry with TLS and a password, for all tests."""
    requires("root", "docker-registry", "htpasswd", "openssl")
    with registry_server.running(password=True) as server:
        yield server


@pytest.fixture
def proxy(open_registry: RegistryServer) -> Iterator[FaultProxy]:
    """A proxy before the plain registry, without faults so far."""
    with fault_proxy.before(open_registry.host) as proxy:
        yield proxy


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty store."""
    yield from _store()


@pytest.fixture
def other() -> Iterator[Store]:
    """Another one: a second machine."""
    yield from _store()


def _store() -> Iterator[Store]:
    os.makedirs(f"{PREFIX}d", mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=f"{PREFIX}d") as folder:
        yield Store(f"{folder}/image", f"{folder}/layers")


@pytest.fixture
def events() -> list[dict[str, Any]]:
    """What was told; `say` is its `append`."""
    return []
