"""Volumes whose content, or whose users, mean harm."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.deck import Deck, Outcome

BASE = "localhost/base"


@pytest.fixture(autouse=True)
def _no_volume_stays(deck: Deck) -> Iterator[None]:
    yield
    for container in deck.engine.containers():
        deck.engine.remove(container.id, force=True)
    deck.engine.prune_volumes(everything=True)
    assert deck.engine.volumes() == ()


@pytest.fixture
def volume(deck: Deck) -> Callable[[str], Path]:
    """Makes a volume; where its files are on the host."""

    def make(name: str) -> Path:
        deck.out("volume", "create", name)
        return Path(deck.out("volume", "inspect", "-f", "{{.Mountpoint}}", name).strip())

    return make


@pytest.mark.parametrize("userns", ["private", "host"])
def test_a_link_that_a_container_plants_in_a_volume_shows_nothing_of_the_host(
    userns: str, deck: Deck, volume: Callable[[str], Path], tmp_path: Path
) -> None:
    name = f"trap-{userns}"
    volume(name)
    (tmp_path / "secret").write_text("of the host")
    deck.out("run", "--rm", "-v", f"{name}:/v", BASE, "ln", "-s", str(tmp_path), "/v/logs")
    mount = f"type=volume,source={name},target=/data,volume-subpath=logs"
    outcome = deck.qd("run", "--rm", "--userns", userns, "--mount", mount, BASE, "ls", "/data")
    assert outcome.code == 125
    assert "secret" not in outcome.out
    assert os.listdir(tmp_path) == ["secret"]


@pytest.mark.parametrize("userns", ["private", "host"])
def test_a_directory_of_a_volume_is_seen_alone(userns: str, deck: Deck, volume: Callable[[str], Path]) -> None:
    name = f"part-{userns}"
    (volume(name) / "logs" / "today").mkdir(parents=True)
    mount = f"type=volume,source={name},target=/data,volume-subpath=logs"
    assert deck.out("run", "--rm", "--userns", userns, "--mount", mount, BASE, "ls", "/data") == "today\n"


@pytest.mark.parametrize("path", ["../other", "/etc", "a/../../b"])
def test_a_path_that_leaves_its_volume_is_refused_before_there_is_a_container(path: str, deck: Deck) -> None:
    mount = f"type=volume,source=leaving,target=/data,volume-subpath={path}"
    outcome = deck.qd("create", "--name", "leaver", "--mount", mount, BASE)
    assert outcome.code == 125
    assert "is no path in a volume" in outcome.err
    assert deck.qd("inspect", "leaver").code != 0
    assert "leaving" not in deck.out("volume", "ls", "-q").split()


def test_a_set_user_id_program_on_a_volume_is_out_of_reach_of_other_users(
    deck: Deck, volume: Callable[[str], Path]
) -> None:
    folder = volume("setuid")
    deck.out("run", "--rm", "-v", "setuid:/v", BASE, "sh", "-c", "cp /bin/true /v/x; chmod 4755 /v/x")
    assert (folder / "x").stat().st_mode & 0o7777 == 0o4755
    assert folder.parent.stat().st_mode & 0o077 == 0


def test_a_creation_that_fails_takes_its_new_volumes_back_and_no_others(
    deck: Deck, volume: Callable[[str], Path], idle: Callable[..., str]
) -> None:
    idle("holder", "-v", "shared:/v")
    volume("spare")
    mounts = ("-v", "fresh:/a", "-v", "shared:/b", "-v", "spare:/c")
    assert deck.qd("create", "--name", "holder", *mounts, BASE).code == 125
    assert deck.qd("create", "--stop-signal", "NONE", *mounts, BASE).code == 125
    names = deck.out("volume", "ls", "-q").split()
    assert {"shared", "spare"} <= set(names)
    assert "fresh" not in names


def test_a_volume_that_a_container_has_is_neither_removed_nor_pruned(
    deck: Deck, qd: Callable[..., Outcome], idle: Callable[..., str]
) -> None:
    idle("keeper", "-v", "kept:/v", "-v", "/anonymous")
    deck.out("stop", "-t", "0", "keeper")
    refused = qd("volume", "rm", "-f", "kept")
    assert refused.code != 0
    assert "in use by keeper" in refused.err
    before = deck.out("volume", "ls", "-q")
    deck.out("volume", "prune", "-af")
    held = [volume.name for volume in deck.engine.volumes() if "keeper" in volume.used_by]
    assert len(held) == 2
    assert set(held) <= set(before.split())
