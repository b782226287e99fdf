"""The files of another image, seen in a container."""

import os
import stat
from collections.abc import Iterator

import pytest
from support.deck import Deck

from engine.image.builtin.layer import Entry
from engine.image.store.images import Store
from engine.image.store.ingest import add_layer

BASE = "localhost/base"


@pytest.fixture
def layered(deck: Deck) -> Iterator[str]:
    """The name of an image of two layers, with a file in each and one in both."""
    store = Store(deck.paths.images, deck.paths.layers)
    contents = [{"below": b"1", "both": b"1"}, {"above": b"2", "both": b"2"}]
    plans = [{name: Entry(stat.S_IFREG | 0o644, 0, data=data) for name, data in one.items()} for one in contents]
    with store.adding():
        layers = [add_layer(store, plan, lambda _done, _total: None) for plan in plans]
        config = {"rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]}}
        store.add_image(config, [layer.descriptor for layer in layers], "localhost/layered")
    yield "localhost/layered"
    deck.out("rmi", "-f", "localhost/layered")


@pytest.mark.parametrize("userns", ["private", "host"])
def test_all_layers_are_seen_as_one_and_read_only(userns: str, deck: Deck, layered: str) -> None:
    mount = f"type=image,source={layered},target=/other"
    script = "cat /other/below /other/both /other/above; touch /other/new || true"
    outcome = deck.qd("run", "--rm", "--userns", userns, "--mount", mount, BASE, "sh", "-c", script)
    assert outcome.out == "122"
    assert "Read-only file system" in outcome.err


def test_what_was_made_for_it_goes_with_the_container(deck: Deck, layered: str) -> None:
    mount = f"type=image,source={layered},target=/other"
    container = deck.out("create", "--mount", mount, BASE, "true").strip()
    folder = deck.paths.container(container)
    assert len(os.listdir(f"{folder}/images")) == 1
    for _ in range(2):
        deck.out("start", "-a", container)
    deck.out("rm", container)
    assert not os.path.exists(folder)


def test_an_image_that_is_seen_is_not_removed(deck: Deck, layered: str) -> None:
    deck.out("create", "--name", "looker", "--mount", f"type=image,source={layered},target=/other", BASE, "true")
    refused = deck.qd("rmi", layered)
    assert refused.code != 0
    assert "looker" in refused.err
    deck.out("rm", "looker")
