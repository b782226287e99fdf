"""Containers on disk."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from engine.errors import Conflict, EngineError, InvalidInput, NotFound
from engine.kernel import proc
from engine.runtime import container, store
from engine.runtime.store import State, Store


@pytest.fixture
def found(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "root"))


def state(container_id: str = "box") -> State:
    return State(container_id, "1.2.1", "/b", "/b/rootfs", "2026-01-01T00:00:00.000000000Z", {"a": "b"}, 0, "/x/box")


def put(found: Store, container_id: str = "box") -> State:
    with found.new(container_id):
        found.write(state(container_id))
    return state(container_id)


@pytest.mark.parametrize("text", ["a", "A_b+c-d.e", ".hidden", "...", "-dash", "9" * 1024])
def test_an_id_is_made_of_letters_digits_and_four_signs(text: str) -> None:
    assert store.checked(text) == text


@pytest.mark.parametrize("text", [".", "..", "a/b", "../x", "a b", "a\n", "ä", "a\0", "a" * 1025])
def test_what_could_lead_out_of_the_root_is_no_id(found: Store, text: str) -> None:
    for action in (store.checked, found.folder, found.read, found.remove):
        with pytest.raises(InvalidInput, match="invalid container ID format"):
            action(text)


def test_an_empty_id_is_told_as_such() -> None:
    with pytest.raises(InvalidInput, match="container id cannot be empty"):
        store.checked("")


def test_a_state_is_read_as_it_was_written(found: Store) -> None:
    assert put(found) == found.read("box")


def test_what_a_later_version_has_written_beside_is_passed_over(found: Store) -> None:
    put(found)
    path = Path(found.folder("box")) / "state.json"
    path.write_text(path.read_text().replace("{", '{"colour": "red", ', 1))
    assert found.read("box") == state()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"id": "box"}'])
def test_a_state_that_is_none_of_ours_is_an_error_in_words(found: Store, text: str) -> None:
    put(found)
    (Path(found.folder("box")) / "state.json").write_text(text)
    with pytest.raises(EngineError, match="the state of container box cannot be read"):
        found.read("box")


def test_a_container_that_is_not_there_is_told_in_runcs_words(found: Store) -> None:
    for action in (found.read, found.read_spec):
        with pytest.raises(NotFound, match="container does not exist: box"):
            action("box")
    with pytest.raises(NotFound, match="container does not exist: box"), found.locked("box"):
        pass


def test_an_id_can_be_taken_once(found: Store) -> None:
    put(found)
    with pytest.raises(Conflict, match="container with given ID already exists: box"), found.new("box"):
        pass
    assert found.read("box") == state()


def test_a_creation_that_fails_leaves_nothing(found: Store) -> None:
    with pytest.raises(RuntimeError), found.new("box") as folder:
        found.write(state())
        os.mkfifo(f"{folder}/exec.fifo")
        raise RuntimeError
    assert os.listdir(found.root) == []


def test_a_spec_is_kept_as_it_was(found: Store) -> None:
    put(found)
    found.write_spec("box", {"ociVersion": "1.2.1"})
    assert found.read_spec("box") == {"ociVersion": "1.2.1"}


def test_only_folders_with_a_state_are_listed_hidden_ones_too(found: Store) -> None:
    assert found.ids() == []
    for name in ("b", ".a", "c"):
        put(found, name)
    os.mkdir(f"{found.root}/half-made")
    Path(found.root, "file").touch()
    assert found.ids() == [".a", "b", "c"]


def test_compiled_filters_lie_where_no_container_can_be(found: Store) -> None:
    name = os.path.basename(found.filters)
    with pytest.raises(InvalidInput):
        store.checked(name)
    os.makedirs(found.filters)
    assert found.ids() == []


def test_a_file_in_place_of_a_container_is_none(found: Store) -> None:
    os.makedirs(found.root)
    Path(found.root, "box").touch()
    with pytest.raises(NotFound):
        found.read("box")


def test_the_second_who_removes_finds_nothing_to_do(found: Store) -> None:
    put(found)
    found.remove("box")
    found.remove("box")
    assert found.ids() == []


def test_a_lock_keeps_everybody_else_out(found: Store) -> None:
    put(found)
    with found.locked("box"):
        fd = os.open(found.folder("box"), os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(fd)


def test_of_two_who_wait_the_second_finds_what_the_first_has_removed_gone(found: Store) -> None:
    put(found)
    seen: list[str] = []

    def second() -> None:
        try:
            with found.locked("box"):
                seen.append("there")
        except NotFound:
            seen.append("gone")

    thread = threading.Thread(target=second)
    with found.locked("box"):
        thread.start()
        found.remove("box")
    thread.join()
    assert seen == ["gone"]


def test_a_container_is_alive_only_as_the_process_that_it_was(found: Store) -> None:
    own = state()._replace(**container.identity(os.getpid()))
    assert store.is_alive(own)
    assert not store.is_alive(own._replace(pid_start_ticks=own.pid_start_ticks + 1))
    assert not store.is_alive(own._replace(boot_id="another boot"))
    assert not store.is_alive(own._replace(pid=0))
    assert own.boot_id == proc.read_boot_id()
