"""Folders of containers that a killed supervisor was making: gone with the next one."""

import os
import signal
from pathlib import Path

import pytest
from support import kernel
from support.deck import Deck
from support.waiting import until

BASE = "localhost/base"


@pytest.mark.parametrize("files", [3, 600])
def test_what_was_never_on_record_goes_and_what_cannot_be_read_stays(own_deck: Deck, files: int) -> None:
    own_deck.out("create", "--name", "kept", BASE)
    folder = Path(own_deck.paths.containers)
    kept = {path.name for path in folder.iterdir()}
    upper = folder / ("0" * 64) / "upper"
    upper.mkdir(parents=True)
    for number in range(files):
        (upper / str(number)).touch()
    (folder / ("1" * 64)).mkdir()
    (folder / ("1" * 64) / "record.json").write_text("no record")
    pid = own_deck.engine.info().supervisor_pid
    own_deck.engine.close()
    os.kill(pid, signal.SIGKILL)
    until(lambda: not kernel.is_alive(pid), "its end")
    assert [container.name for container in own_deck.engine.containers()] == ["kept"]
    until(lambda: {path.name for path in folder.iterdir()} == kept | {"1" * 64}, "the half-made folder to go")
    (folder / ("1" * 64) / "record.json").unlink()
    (folder / ("1" * 64)).rmdir()
