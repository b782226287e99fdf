"""A commit holds exactly what was changed over an image with every hard case, here and for umoci."""

import os
import tempfile
from collections.abc import Iterator

import pytest
from support import hard_image, tree_facts
from support import image_archives as archives
from support.leaks import PREFIX
from support.other_tools import Tools
from support.tree_facts import Facts
from support.trees_of_images import NAME, comparable, take_files, unpacked_by_umoci

from engine.image.commit import commit
from engine.image.store.images import Store

pytestmark = [pytest.mark.root, pytest.mark.requires("root", "overlay", "umoci", "unshare")]

CHANGES = r"""
rm -r gone odd/-rf links/dangling
rm -r swap/dir && echo file > swap/dir
rm -r opaque && mkdir opaque && echo fresh > opaque/fresh
rm etc/hosts && mkdir etc/hosts && touch -d '2001-02-03 04:05:06.789 UTC' etc/hosts/inside
mkdir -p deep/er/and/deeper && mknod deep/er/null c 1 3 && mkfifo deep/er/pipe
echo more >> bin/tool && touch -d '1999-12-31 23:59:59.999999999 UTC' bin/tool
ln bin/tool bin/same && ln -s /nowhere links/new
chmod 4711 attributes/owned && chown 1234:5678 attributes/secret
setfattr -n user.note -v changed attributes/noted && setfattr -x user.note attributes/noted-folder
setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 bin/tool
truncate -s 20M odd/new-sparse && printf x | dd of=odd/new-sparse bs=1 seek=10M conv=notrunc status=none
printf 'n' > "$(printf 'odd/\377\376')"
chmod 700 kept && mv usr/lib/library usr/lib/moved
"""


@pytest.fixture
def filled(store: Store) -> Store:
    """A store that has the image."""
    return take_files(store, archives.docker([([NAME], hard_image.layers())]))


@pytest.fixture
def upper(tools: Tools) -> Iterator[str]:
    """A folder for what is written."""
    with tempfile.TemporaryDirectory(dir=f"{PREFIX}d") as folder:
        yield folder


def _changed(store: Store, upper: str) -> Facts:
    return comparable(tree_facts.of_changed(store.lowers(store.find(NAME)), upper, CHANGES))


def _shown(store: Store, name: str) -> Facts:
    return comparable(tree_facts.of_stack(store.lowers(store.find(name))))


@pytest.mark.requires("setfattr")
def test_what_was_committed_shows_what_the_container_showed(filled: Store, upper: str) -> None:
    expected = _changed(filled, upper)
    commit(filled, tree=f"{upper}/upper", base=NAME, name="localhost/hard:2", say=lambda _event: None)
    assert tree_facts.difference(_shown(filled, "localhost/hard:2"), expected) == []
    assert filled.find("localhost/hard:2").layers[:-1] == filled.find(NAME).layers


@pytest.mark.requires("setfattr")
@pytest.mark.parametrize("compression", ["", "gzip"])
def test_umoci_unpacks_the_same_from_it(filled: Store, upper: str, tools: Tools, compression: str) -> None:
    expected = _changed(filled, upper)
    name = "localhost/hard:2"
    say = lambda _event: None  # noqa: E731
    commit(filled, tree=f"{upper}/upper", base=NAME, name=name, compression=compression, say=say)
    found = unpacked_by_umoci(tools, filled.layout.folder, name)
    assert tree_facts.difference(found, expected) == []


def test_a_container_that_changed_nothing_gets_no_layer(filled: Store, upper: str) -> None:
    tree_facts.of_changed(filled.lowers(filled.find(NAME)), upper, "ls -R > /dev/null")
    commit(filled, tree=f"{upper}/upper", base=NAME, name="localhost/hard:2", say=lambda _event: None)
    assert filled.find("localhost/hard:2").layers == filled.find(NAME).layers
    assert os.listdir(f"{upper}/upper") == []
