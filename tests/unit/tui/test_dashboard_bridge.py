"""The bridge: threads round the engine's blocking calls, and messages out of them."""

import inspect
import queue
import threading
from collections.abc import Callable, Iterator

import pytest
from support import scene
from support.dashboard import StillBridge
from support.scene_engine import SceneEngine
from textual.message import Message

from engine import errors
from engine.client import Engine
from engine.model import ContainerState, Status
from tui import actions, rows
from tui.bridge import Bridge, pulse, tail
from tui.lines import Batch, LogBuffer
from tui.messages import Acted, EngineLost, HostSampled, LogGrew, MomentCame, SeriesCame
from tui.past import Recorder
from tui.rows import Row

WAIT_SECONDS = 20.0
KNOWN = [name for name in vars(SceneEngine) if hasattr(Engine, name) and not name.startswith("_")]


class Ear:
    """Hears what the bridge posts."""

    def __init__(self) -> None:
        self._heard: queue.Queue[Message] = queue.Queue()

    def __call__(self, message: Message) -> None:
        self._heard.put(message)

    def wait(self, kind: type, condition: Callable[[Message], bool] = lambda message: True) -> Message:
        """The next message of a kind; others are passed over."""
        while True:
            message = self._heard.get(timeout=WAIT_SECONDS)
            if isinstance(message, kind) and condition(message):
                return message


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch) -> None:
    """Attempts that fail are repeated at once."""
    monkeypatch.setattr(pulse, "RETRY_SECONDS", (0.02,))
    monkeypatch.setattr(tail, "RETRY_SECONDS", 0.02)


@pytest.fixture
def bridge(scene_engine, ear) -> Iterator[Bridge]:
    bridge = Bridge(scene_engine, ear)
    bridge.start()
    yield bridge
    bridge.stop()


def row(one) -> Row:
    found = rows.moment(scene.overview(), Recorder()).find(one.id)
    assert found is not None
    return found


def log_until(bridge: Bridge, ear: Ear, words: str) -> LogBuffer:
    """Gather the log until a line with these words has come."""
    buffer = LogBuffer()
    while not any(words in line.text for line in buffer.last(100)):
        ear.wait(LogGrew)
        batch = bridge.take_log()
        if batch is not None:
            buffer.add(batch)
    return buffer


@pytest.mark.parametrize("name", KNOWN)
def test_the_engine_in_memory_has_the_signatures_of_the_real_one(name):
    def parameters(owner: type) -> list[tuple[str, object, object]]:
        signature = inspect.signature(getattr(owner, name))
        return [(one.name, one.kind, one.default) for one in signature.parameters.values()]

    assert parameters(SceneEngine) == parameters(Engine)


def test_the_still_bridge_has_the_methods_of_the_real_one():
    public = {name for name in vars(Bridge) if not name.startswith("_")}
    for name in public:
        mine, real = (inspect.signature(getattr(owner, name)) for owner in (StillBridge, Bridge))
        assert len(mine.parameters) == len(real.parameters), name


def test_it_tells_of_host_and_containers_without_being_asked(bridge, ear):
    assert ear.wait(HostSampled).sample.cpus >= 1
    assert ear.wait(MomentCame).moment.rows[0].name == "hog"


def test_an_event_brings_a_new_moment_at_once(bridge, ear, scene_engine):
    ear.wait(MomentCame)
    scene_engine.happen(scene.event(scene.WEB, "oom"))
    ear.wait(MomentCame, lambda message: message.moment.rows[1].name == "web")


def test_the_selected_container_has_its_past_told(bridge, ear):
    bridge.select(row(scene.WEB))
    assert ear.wait(SeriesCame).container_id == scene.WEB.id


def test_a_container_without_figures_is_no_lost_engine(bridge, ear, scene_engine):
    scene_engine.refusals["history"] = errors.NotFound("no such container")
    bridge.select(row(scene.WEB))
    ear.wait(MomentCame)
    ear.wait(MomentCame)


def test_a_lost_engine_is_told_with_its_hint_and_found_again(bridge, ear, scene_engine):
    ear.wait(MomentCame)
    scene_engine.failure = errors.Unreachable("no engine runs", hint="qd info")
    lost = ear.wait(EngineLost)
    assert (lost.message, lost.hint) == ("no engine runs", "qd info")
    scene_engine.failure = None
    ear.wait(MomentCame)


@pytest.mark.parametrize("error", [ValueError("bad JSON"), KeyError("result"), OSError(13, "Permission denied")])
def test_an_answer_that_is_not_understood_is_told_and_ends_nothing(scene_engine, ear, error):
    scene_engine.refusals["overview"] = error
    bridge = Bridge(scene_engine, ear)
    bridge.start()
    assert "engine" in ear.wait(EngineLost).message
    scene_engine.refusals.clear()
    ear.wait(MomentCame)
    bridge.stop()


def test_a_paused_bridge_asks_for_nothing(bridge, ear, scene_engine):
    ear.wait(MomentCame)
    bridge.pause()
    bridge.resume()
    ear.wait(MomentCame)


def test_the_log_of_the_selected_container_is_followed(bridge, ear, scene_engine):
    scene_engine.print("web", "first\n")
    bridge.select(row(scene.WEB))
    log_until(bridge, ear, "first")
    scene_engine.print("web", "second\n$ ")
    assert [line.text for line in log_until(bridge, ear, "second").last(2)] == ["second", "$ "]


def test_another_selection_is_another_log(bridge, ear, scene_engine):
    scene_engine.print("web", "of web\n")
    scene_engine.print("logger", "of logger\n")
    bridge.select(row(scene.WEB))
    log_until(bridge, ear, "of web")
    bridge.select(row(scene.LOGGER))
    buffer = log_until(bridge, ear, "of logger")
    assert buffer.source == (scene.LOGGER.id, 1)
    assert [line.text for line in buffer.last(9)] == ["of logger"]


def test_the_last_words_of_the_run_before_are_kept(bridge, ear, scene_engine):
    scene_engine.print("hog", "the last words\n", run=7)
    scene_engine.print("hog", "begun again\n")
    bridge.select(row(scene.HOG))
    lines = log_until(bridge, ear, "begun again").last(9)
    assert [(line.text, line.mark) for line in lines] == [
        ("the last words", False),
        ("run 8", True),
        ("begun again", False),
    ]


def test_the_log_of_a_dead_container_is_read_to_its_end(bridge, ear, scene_engine):
    scene_engine.print("failer", "no configuration\n")
    bridge.select(row(scene.FAILER))
    log_until(bridge, ear, "no configuration")


def test_what_is_printed_just_before_the_end_is_not_lost(bridge, ear, scene_engine):
    bridge.select(row(scene.WEB))
    ear.wait(LogGrew)
    scene_engine.print("web", "goodbye\n")
    scene_engine.end_log("web")
    log_until(bridge, ear, "goodbye")


def test_a_flood_is_bounded_and_says_what_is_left_out(bridge, ear, scene_engine):
    line = "x" * 99 + "\n"
    for _ in range(30):
        scene_engine.print("web", line * 10_000)
    scene_engine.print("web", "the end\n")
    bridge.select(row(scene.WEB))
    buffer = log_until(bridge, ear, "the end")
    assert len(buffer.lines) == 5000
    assert buffer.first > 0


def test_a_log_that_cannot_be_had_says_why_and_is_tried_again(bridge, ear, scene_engine):
    scene_engine.refusals["follow_log"] = errors.NotFound("container web has no log of run 1")
    bridge.select(row(scene.WEB))
    log_until(bridge, ear, "no log: container web has no log of run 1")
    scene_engine.refusals.clear()
    scene_engine.print("web", "here it is\n")
    assert [line.text for line in log_until(bridge, ear, "here it is").last(9)] == ["here it is"]


def test_a_log_whose_engine_is_lost_is_opened_again(bridge, ear, scene_engine):
    scene_engine.print("web", "first\n")
    bridge.select(row(scene.WEB))
    log_until(bridge, ear, "first")
    attached = scene_engine.attached[-1]
    attached.lost = True
    attached.connection.theirs.close()
    scene_engine.end_log("web")
    log_until(bridge, ear, "no log: the connection to the engine was lost")
    log_until(bridge, ear, "first")


def test_a_container_that_never_started_has_no_log_and_no_error(bridge, ear):
    bridge.select(row(scene.NEW))
    ear.wait(SeriesCame)
    assert bridge.take_log() is None


@pytest.mark.parametrize(
    ("action", "call"),
    [
        (actions.START, ("start", "web")),
        (actions.STOP, ("stop", "web")),
        (actions.RESTART, ("restart", "web")),
        (actions.KILL, ("kill", "web", "KILL")),
        (actions.FREEZE, ("pause", "web")),
        (actions.THAW, ("unpause", "web")),
        (actions.DELETE, ("remove", "web", True)),
    ],
)
def test_each_action_is_one_call(bridge, ear, scene_engine, action, call):
    bridge.act(action, [row(scene.WEB)])
    assert ear.wait(Acted).done == ("web",)
    assert scene_engine.calls == [call]


@pytest.mark.parametrize(
    ("state", "force"), [(scene.exited(1), False), (ContainerState(status=Status.RESTARTING), True)]
)
def test_only_what_was_seen_alive_is_killed_before_a_removal(bridge, ear, scene_engine, state, force):
    seen = row(scene.WEB)._replace(container=scene.container("web", state))
    bridge.act(actions.DELETE, [seen])
    ear.wait(Acted)
    assert scene_engine.calls == [("remove", "web", force)]


def test_one_report_names_what_was_done_and_what_failed(bridge, ear, scene_engine):
    gone = row(scene.WEB)._replace(container=scene.container("gone"))
    bridge.act(actions.STOP, [row(scene.WEB), gone, row(scene.LOGGER)])
    report = ear.wait(Acted)
    assert sorted(report.done) == ["logger", "web"]
    assert [(one.container, "no such container" in one.message) for one in report.failures] == [("gone", True)]


def test_many_containers_need_few_threads(bridge, ear, scene_engine):
    before = threading.active_count()
    bridge.act(actions.START, [row(scene.WEB)] * 200)
    assert threading.active_count() - before <= 8
    assert len(ear.wait(Acted).done) == 200


def test_a_read_only_bridge_changes_nothing(scene_engine, ear):
    bridge = Bridge(scene_engine, ear, read_only=True)
    with pytest.raises(PermissionError):
        bridge.act(actions.STOP, [row(scene.WEB)])
    assert scene_engine.calls == []


def test_nothing_is_posted_after_the_end(scene_engine):
    heard = []
    bridge = Bridge(scene_engine, heard.append)
    bridge.stop()
    bridge.act(actions.STOP, [row(scene.WEB)])
    bridge.start()
    assert heard == []


def test_a_closed_event_loop_is_the_end(scene_engine):
    closed = threading.Event()

    def post(message: Message) -> None:
        closed.set()
        raise RuntimeError("Event loop is closed")

    bridge = Bridge(scene_engine, post)
    bridge.start()
    assert closed.wait(WAIT_SECONDS)
    bridge.stop()


def test_a_batch_of_another_container_is_not_taken_for_this_one(bridge, ear, scene_engine):
    scene_engine.print("web", "of web\n")
    bridge.select(row(scene.WEB))
    ear.wait(LogGrew)
    bridge.select(None)
    taken: Batch | None = bridge.take_log()
    assert taken is None
