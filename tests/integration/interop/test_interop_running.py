"""Images of other tools are loaded by the command and run here; what is committed here runs on another machine."""

import gzip
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import busybox
from support.deck import Deck, new_paths
from support.other_tools import Tools

pytestmark = [pytest.mark.root, pytest.mark.requires("root", "namespaces", "overlay", "busybox")]


@pytest.fixture(scope="module")
def root(tools: Tools) -> str:
    """A small root file system as an archive."""
    folder = busybox.make_root(tools.path("root"))
    path = tools.path("root.tar")
    with tarfile.open(path, "w") as archive:
        archive.add(folder, arcname=".")
    return path


@pytest.fixture
def second_deck() -> Iterator[Deck]:
    """Another machine: an engine with an empty store."""
    deck = Deck(new_paths())
    yield deck
    deck.end()


@pytest.mark.requires("buildah")
@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_an_image_of_buildah_runs(deck: Deck, tools: Tools, root: str, form: str) -> None:
    container = tools.buildah("from", "scratch").strip()
    tools.buildah("add", container, root, "/")
    tools.buildah("config", "--cmd", "cat /etc/passwd", container)
    tools.buildah("commit", container, "localhost/built:1")
    path = tools.path(f"built-{form}.tar")
    tools.buildah("push", "localhost/built:1", f"{form}:{path}:localhost/built:1")
    tools.buildah("rm", container)
    assert "localhost/built:1" in deck.out("load", "-i", path)
    assert deck.out("run", "--rm", "localhost/built:1").startswith("root:x:0:0")
    deck.out("rmi", "localhost/built:1")


@pytest.mark.requires("podman")
def test_a_compressed_stream_of_podman_runs(deck: Deck, tools: Tools, root: str) -> None:
    tools.podman("import", "-c", 'CMD ["id", "-u"]', "-c", "USER 1000", root, "localhost/pod:1")
    tools.podman("save", "-o", tools.path("pod.tar"), "localhost/pod:1")
    compressed = Path(tools.path("pod.tar.gz"))
    compressed.write_bytes(gzip.compress(Path(tools.path("pod.tar")).read_bytes()))
    deck.out("load", "-q", "-i", str(compressed))
    assert deck.out("run", "--rm", "localhost/pod:1") == "1000\n"
    deck.out("rmi", "localhost/pod:1")
    tools.podman("rmi", "-f", "localhost/pod:1")


@pytest.mark.requires("umoci", "skopeo")
def test_an_image_of_umoci_runs(deck: Deck, tools: Tools, root: str) -> None:
    layout = tools.path("umoci")
    tools.umoci("init", "--layout", layout)
    tools.umoci("new", "--image", f"{layout}:app")
    tools.umoci("raw", "add-layer", "--image", f"{layout}:app", root)
    tools.umoci("config", "--image", f"{layout}:app", "--config.cmd", "echo", "--config.cmd", "by umoci")
    tools.skopeo("copy", f"oci:{layout}:app", f"oci-archive:{tools.path('app.tar')}:localhost/app:1")
    deck.out("load", "-i", tools.path("app.tar"))
    assert deck.out("run", "--rm", "localhost/app:1") == "by umoci\n"
    deck.out("rmi", "localhost/app:1")


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_what_is_committed_here_is_there_on_another_machine(
    deck: Deck, second_deck: Deck, tools: Tools, form: str
) -> None:
    deck.out(
        "run", "--name", "work", "base", "sh", "-c", "echo installed > /opt/tool; rm /etc/hostname; chmod 4755 /opt"
    )
    deck.out("commit", "-m", "a tool", "-a", "me", "-c", 'CMD ["cat", "/opt/tool"]', "work", "work:1")
    assert deck.out("run", "--rm", "work:1") == "installed\n"
    archive = tools.path(f"work-{form}.tar")
    deck.out("save", "--format", form, "-o", archive, "work:1")
    second_deck.out("load", "-i", archive)
    assert second_deck.out("run", "--rm", "work:1") == "installed\n"
    assert second_deck.out("run", "--rm", "work:1", "stat", "-c", "%a", "/opt") == "4755\n"
    deck.out("rm", "work")
    deck.out("rmi", "work:1")
