"""Other engines above `qd-runtime`: one of each for a module, and what their containers leave."""

from collections.abc import Iterator

import pytest
from support import cgroupfs_left
from support.docker import Docker
from support.podman import Podman
from support.requirements import requires


@pytest.fixture(scope="module")
def one_podman() -> Iterator[Podman]:
    """Made once: its image takes a second."""
    requires("root", "namespaces", "podman", "busybox")
    podman = Podman()
    yield podman
    podman.close()


@pytest.fixture
def podman(one_podman: Podman) -> Iterator[Podman]:
    """Podman without containers; afterwards none has left a cgroup."""
    yield one_podman
    one_podman.run("rm", "-f", "-t", "0", "--all")
    assert cgroupfs_left.of_containers(one_podman.parent) == []


@pytest.fixture(scope="module")
def one_docker() -> Iterator[Docker]:
    """Made once: a daemon takes two seconds to start."""
    requires("root", "namespaces", "dockerd", "busybox")
    docker = Docker()
    yield docker
    docker.close()


@pytest.fixture
def docker(one_docker: Docker) -> Iterator[Docker]:
    """Docker without containers; afterwards none has left a cgroup."""
    yield one_docker
    one_docker.remove_all()
    assert cgroupfs_left.of_containers(one_docker.parent) == []
