"""A container's changes on their way: into an image, to a registry, to another machine, and into a container again."""

import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.deck import Deck, new_paths
from support.registry_server import RegistryServer, running
from support.waiting import until

from engine import errors, model

BASE = "localhost/base"
pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces", "overlay")]

INSTALL = """
mkdir -p /opt/tool/bin && printf '#!/bin/sh\\necho installed\\n' >/opt/tool/bin/tool && chmod 4755 /opt/tool/bin/tool
ln -s /opt/tool/bin/tool /usr/local/bin/tool && ln /opt/tool/bin/tool /opt/tool/bin/other
rm -rf /etc/shadow /usr/share/terminfo; mkdir -p /usr/share/terminfo && echo new >/usr/share/terminfo/new
chown 1000:1001 /usr/share/terminfo/new && mkfifo /opt/pipe && touch -d @1234567890.123456789 /opt/tool/old
"""
LOOK = """
tool && ls /usr/share/terminfo && test ! -e /etc/shadow && test -p /opt/pipe
stat -c '%U %u:%g %a %h %.9Y' /opt/tool/old /opt/tool/bin/tool /usr/share/terminfo/new
"""
SEEN = [
    "installed",
    "new",
    "root 0:0 644 1 1234567890.123456789",
    "root 0:0 4755 2",
    "UNKNOWN 1000:1001 644 1",
]


def seen(output: str) -> list[str]:
    """Without the times that differ from run to run."""
    lines = output.splitlines()
    return [line if line.endswith("123456789") else line.rpartition(" ")[0] or line for line in lines]


@pytest.fixture(scope="module")
def registry() -> Iterator[RegistryServer]:
    with running() as server:
        yield server


@pytest.fixture
def elsewhere() -> Iterator[Deck]:
    """Another machine: an engine with nothing in its store."""
    deck = Deck(new_paths())
    yield deck
    deck.end()


def install(deck: Deck, name: str) -> None:
    """Let a container change something of every kind, and make an image of it."""
    deck.out("run", "--name", name, BASE, "sh", "-c", INSTALL)
    deck.out("commit", "-m", "with a tool", "-c", 'CMD ["tool"]', "-c", "ENV A=1", name, f"{name}:1")


@pytest.mark.parametrize("userns", ["", "host"])
def test_what_was_installed_is_there_in_a_container_of_the_commit(deck: Deck, userns: str) -> None:
    options = ["--userns", userns] if userns else []
    name = f"tool-{userns or 'own'}"
    deck.out("run", *options, "--name", name, BASE, "sh", "-c", INSTALL)
    deck.out("commit", name, f"{name}:1")
    for other in ([], ["--userns", "host"]):
        assert seen(deck.out("run", "--rm", *other, f"{name}:1", "sh", "-c", LOOK)) == SEEN
    deck.out("rmi", "-f", f"{name}:1")


def test_a_commit_refers_to_the_layers_below_and_holds_the_change_alone(deck: Deck) -> None:
    install(deck, "small")
    base, commit = deck.engine.images()[-1], deck.engine.images()[0]
    assert commit.layers[:-1] == base.layers
    assert commit.config["config"]["Cmd"] == ["tool"]  # type: ignore[index]
    changed = {(change.kind, change.path) for change in deck.engine.changes("small")}
    assert {(change.kind, change.path) for change in deck.engine.changes("small:1")} == changed
    assert {(change.kind, change.path) for change in deck.engine.changes(BASE, "small:1")} == changed
    assert deck.engine.changes("small", "small:1") == ()
    assert ("D", "/etc/shadow") in changed and ("A", "/opt/tool") in changed
    deck.out("rmi", "-f", "small:1")


def test_the_same_change_is_the_same_layer(deck: Deck) -> None:
    deck.out("run", "--name", "same", BASE, "sh", "-c", INSTALL)
    first, second = (deck.out("commit", "same", f"same:{number}").strip() for number in (1, 2))
    layers = {image.id: image.layers for image in deck.engine.images()}
    assert layers[first] == layers[second]
    deck.out("rmi", "-f", "same:1", "same:2")


def test_a_running_container_is_frozen_only_while_it_is_committed(deck: Deck) -> None:
    deck.start("--name", "busy", BASE, "sh", "-c", "while :; do date +%N >/now; done")
    deck.out("commit", "busy", "busy:1")
    assert deck.engine.container("busy").state.status is model.Status.RUNNING
    actions = [event.action for event in deck.engine.events(since_ns=0) if event.name == "busy"]
    assert actions[-3:] == ["pause", "unpause", "commit"]
    deck.out("commit", "--pause=false", "busy", "busy:1")
    deck.out("rm", "-f", "busy")
    deck.out("rmi", "busy:1")


def test_a_commit_that_fails_leaves_nothing_and_the_container_running(deck: Deck) -> None:
    deck.start("--name", "busy", BASE, "sleep", "1000")
    before = sorted(os.listdir(deck.paths.layers)), deck.engine.images()
    outcome = deck.qd("commit", "-c", "FROM scratch", "busy", "busy:1")
    assert outcome.code == 125 and "FROM" in outcome.err
    assert (sorted(os.listdir(deck.paths.layers)), deck.engine.images()) == before
    assert deck.engine.container("busy").state.status is model.Status.RUNNING


@pytest.mark.requires("docker-registry")
def test_another_machine_pulls_what_was_pushed_and_runs_it(
    deck: Deck, elsewhere: Deck, registry: RegistryServer
) -> None:
    install(deck, "pushed")
    name = f"{registry.host}/team/tool:1"
    deck.out("tag", "pushed:1", name)
    digest = deck.out("push", name).strip()
    assert digest.startswith("sha256:")
    assert seen(elsewhere.out("run", "--rm", name, "sh", "-c", LOOK)) == SEEN
    assert elsewhere.out("run", "--rm", "--pull", "never", name) == "installed\n"
    repository = name.rpartition(":")[0]
    assert elsewhere.out("pull", "-q", f"{repository}@{digest}").strip() == f"{repository}@{digest}"
    wrong = f"{repository}@sha256:{'0' * 64}"
    assert elsewhere.qd("pull", wrong).code == 125
    deck.out("rmi", "-f", "pushed:1", name)


@pytest.mark.requires("docker-registry")
def test_run_fetches_when_it_is_told_to(deck: Deck, elsewhere: Deck, registry: RegistryServer) -> None:
    name = f"{registry.host}/policy:1"
    first = _commit_and_push(deck, name, "echo one >/which")
    assert elsewhere.qd("run", "--pull", "never", name).code == 125
    assert elsewhere.out("run", "--rm", name, "cat", "/which") == "one\n"
    second = _commit_and_push(deck, name, "echo two >/which")
    assert first != second
    assert elsewhere.out("run", "--rm", "--pull", "missing", name, "cat", "/which") == "one\n"
    assert elsewhere.out("run", "--rm", "--pull", "always", name, "cat", "/which") == "two\n"
    deck.out("rmi", "-f", name)


def _commit_and_push(deck: Deck, name: str, script: str) -> str:
    deck.out("run", "--name", "source", BASE, "sh", "-c", script)
    deck.out("commit", "source", name)
    deck.out("rm", "source")
    return deck.out("push", "-q", name).strip()


def test_an_archive_carries_images_to_another_machine(deck: Deck, elsewhere: Deck, tmp_path: Path) -> None:
    install(deck, "saved")
    for kind in ("docker-archive", "oci-archive"):
        archive = str(tmp_path / f"{kind}.tar")
        deck.out("save", "--format", kind, "-o", archive, "saved:1", BASE)
        loaded = elsewhere.out("load", "-q", "-i", archive).splitlines()
        assert sorted(loaded) == ["Loaded image: localhost/base:latest", "Loaded image: localhost/saved:1"]
        assert seen(elsewhere.out("run", "--rm", "saved:1", "sh", "-c", LOOK)) == SEEN
        elsewhere.out("rmi", "-f", "saved:1", BASE)
    deck.out("rmi", "-f", "saved:1")


def test_an_exported_root_is_imported_as_an_image_of_one_layer(deck: Deck) -> None:
    deck.out("run", "--name", "flat", BASE, "sh", "-c", INSTALL)
    exporting = deck.begin("export", "flat")
    importing = subprocess.run(
        [deck.begin("version").args[0], "import", "-c", "CMD tool", "-", "flat:1"],  # type: ignore[index]
        stdin=exporting.stdout,
        capture_output=True,
        text=True,
        env=deck.environment,
        check=True,
    )
    assert exporting.wait() == 0
    image = next(image for image in deck.engine.images() if image.id == importing.stdout.strip())
    assert len(image.layers) == 1
    assert seen(deck.out("run", "--rm", "flat:1", "sh", "-c", LOOK)) == SEEN
    deck.out("rmi", "flat:1")


def test_an_image_that_a_container_needs_stays_and_what_nobody_needs_goes(deck: Deck) -> None:
    install(deck, "needed")
    deck.out("create", "--name", "user", "needed:1")
    refused = deck.qd("rmi", "needed:1")
    assert refused.code == 125 and "user" in refused.err
    usage = deck.engine.disk_usage()
    (row,) = (image for image in usage["images"]["images"] if "localhost/needed:1" in image["names"])
    assert row["containers"] == 1 and 0 < row["unique_bytes"] < row["shared_bytes"]
    deck.out("rm", "user", "needed")
    before = len(os.listdir(deck.paths.layers))
    deck.out("rmi", "needed:1")
    assert len(os.listdir(deck.paths.layers)) == before - 1


def test_the_history_and_the_tree_tell_of_a_commit(deck: Deck) -> None:
    install(deck, "told")
    newest = json.loads(deck.out("history", "--format", "json", "told:1").splitlines()[0])
    assert newest["Comment"] == "with a tool"
    tree = deck.out("images", "--tree").splitlines()
    assert any(re.search("[├└]── localhost/told:1", line) for line in tree)
    deck.out("rmi", "-f", "told:1")


@pytest.mark.requires("docker-registry")
def test_whoever_gives_up_a_pull_leaves_an_engine_that_works(
    deck: Deck, elsewhere: Deck, registry: RegistryServer
) -> None:
    name = f"{registry.host}/given/up:1"
    deck.out("tag", BASE, name)
    deck.out("push", "-q", name)
    command = elsewhere.begin("pull", name)
    assert command.stderr is not None
    command.stderr.readline()  # the first layer is on its way
    command.kill()
    command.wait()
    until(lambda: not _workers(elsewhere), "the worker's end", 20)
    assert elsewhere.engine.images() == ()
    elsewhere.out("pull", "-q", name)
    assert elsewhere.out("run", "--rm", name, "echo", "well") == "well\n"
    deck.out("rmi", name)


def test_whoever_gives_up_a_run_whose_image_does_not_come_has_no_container(elsewhere: Deck) -> None:
    elsewhere.engine.info()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        command = elsewhere.begin("run", "--rm", f"127.0.0.1:{silent.getsockname()[1]}/app:1")
        until(lambda: bool(_workers(elsewhere)), "a worker that pulls", 20)
        command.kill()
        command.wait()
        until(lambda: not _workers(elsewhere), "the worker's end", 20)
    assert elsewhere.engine.containers() == ()
    assert os.listdir(elsewhere.paths.containers) == []


def _workers(deck: Deck) -> list[str]:
    children = Path(f"/proc/{deck.engine.info().supervisor_pid}/task").glob("*/children")
    return [pid for path in children for pid in path.read_text().split() if _is_worker(pid)]


def _is_worker(pid: str) -> bool:
    try:
        return b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def test_a_name_that_is_nowhere_is_one_sentence(deck: Deck) -> None:
    with pytest.raises(errors.NotFound) as caught:
        deck.engine.create(model.CreateOptions(image="no-such-image"))
    assert "no-such-image" in caught.value.message
    outcome = deck.qd("run", "localhost/no-such-image")
    assert outcome.code == 125 and outcome.err.startswith("qd: no such image")
