"""What containers change is the same layer, whether their user ids are shifted or are the host's."""

import io
from pathlib import Path
from typing import Any

import pytest
from support.deck import Deck
from support.layer_archive import Taken, take
from support.tree_changes import ACL, CAPABILITY

from engine.archive.reader import Reader
from engine.image.store.images import Store
from engine.layers.apply import apply
from engine.layers.between import between
from engine.sandbox.snapshot import Snapshots

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces", "overlay", "python3 of the host")]

PROGRAM = f"""
import os, shutil
def write(path, text, uid=0, gid=0, mode=0o644):
    with open(path, "w") as file:
        file.write(text)
    os.chown(path, uid, gid)
    os.chmod(path, mode)
os.makedirs("/data/deep", 0o750)
write("/data/mine", "mine", 1000, 1000, 0o4755)
write("/data/theirs", "theirs", 65534, 12)
write("/data/able", "able", mode=0o755)
os.setxattr("/data/able", "security.capability", {CAPABILITY!r})
os.setxattr("/data/mine", "user.note", b"kept")
os.setxattr("/data/deep", "system.posix_acl_default", {ACL!r})
os.link("/data/mine", "/data/deep/again")
os.symlink("/etc/shadow", "/data/link")
os.lchown("/data/link", 33, 34)
os.mkfifo("/data/pipe")
write("/etc/shells", "changed")
os.unlink("/etc/os-release")
shutil.rmtree("/etc/vim")
os.makedirs("/etc/vim")
write("/etc/vim/new", "new")
os.close(os.open("/etc/passwd", os.O_RDWR))
for folder, names, files in os.walk("/data", topdown=False):
    for name in names + files:
        os.utime(os.path.join(folder, name), ns=(1, 1_000_000_001), follow_symlinks=False)
"""
EXPECTED = [
    *("data", "data/able", "data/deep", "data/deep/again", "data/link", "data/mine", "data/pipe", "data/theirs"),
    *("etc", "etc/.wh.os-release", "etc/shells", "etc/vim", "etc/vim/.wh..wh..opq", "etc/vim/new"),
]


def _lowers(deck: Deck, container: str) -> list[str]:
    store = Store(deck.paths.images, deck.paths.layers)
    return store.lowers(store.find(deck.engine.container(container).image_id))


def _taken(deck: Deck, container: str) -> Taken:
    tree, complete = Snapshots(deck.paths).written(deck.engine.container(container).id)
    return take(Path(tree), *map(Path, _lowers(deck, container)), complete=complete)


def _facts(taken: Taken) -> dict[str, tuple[Any, ...]]:
    """All but the times, which are those of two runs."""
    return {
        member.name: (
            *(member.type, oct(member.mode), member.uid, member.gid, member.linkname, taken.xattrs(member.name)),
            taken.content(member.name) if member.isfile() else b"",
        )
        for member in taken.members
    }


def test_a_container_that_does_nothing_changes_nothing(deck: Deck) -> None:
    deck.out("run", "--name", "idle", "base", "true")
    assert _taken(deck, "idle").paths == []
    assert deck.out("diff", "idle") == ""


def test_shifted_ids_make_the_same_layer_as_the_hosts(deck: Deck) -> None:
    for name, ids in (("shifted", ()), ("plain", ("--userns", "host"))):
        deck.out("run", "--name", name, *ids, "base", "python3", "-c", PROGRAM)
    shifted, plain = _taken(deck, "shifted"), _taken(deck, "plain")
    assert shifted.paths == EXPECTED
    assert _facts(shifted) == _facts(plain)
    facts = _facts(shifted)
    assert facts["data/able"][5] == {"security.capability": CAPABILITY}
    assert facts["data/deep"][5] == {"system.posix_acl_default": ACL}
    assert facts["data/mine"][4] == "data/deep/again"
    assert facts["data/deep/again"][:4] == (b"0", "0o4755", 1000, 1000)
    assert facts["data/theirs"][2:4] == (65534, 12)


def test_a_layer_of_shifted_ids_applied_gives_back_what_the_container_has(deck: Deck, tmp_path: Path) -> None:
    deck.out("run", "--name", "shifted", "base", "python3", "-c", PROGRAM)
    lowers = _lowers(deck, "shifted")
    tree, _ = Snapshots(deck.paths).written(deck.engine.container("shifted").id)
    (tmp_path / "new").mkdir()
    apply(Reader(io.BytesIO(_taken(deck, "shifted").data)), str(tmp_path / "new"), lowers)
    assert between([tree, *lowers], [str(tmp_path / "new"), *lowers]) == []


def test_the_change_of_a_running_container_is_that_of_its_end(deck: Deck) -> None:
    deck.start("--name", "busy", "base", "sh", "-c", "mkdir /data && echo hello > /data/x && sleep 1000")
    deck.out("exec", "busy", "sh", "-c", "until [ -s /data/x ]; do :; done")
    running = _taken(deck, "busy")
    deck.out("kill", "busy")
    deck.out("wait", "busy")
    assert running.paths == ["data", "data/x"]
    assert _taken(deck, "busy").data == running.data
