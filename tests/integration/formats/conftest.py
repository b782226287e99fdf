"""Other engines, each made once."""

from collections.abc import Iterator

import pytest
from support.docker import Docker
from support.requirements import requires


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    """A daemon of its own; a test removes what it makes, or leaves it to the end."""
    requires("root", "dockerd", "busybox")
    docker = Docker()
    yield docker
    docker.close()
