"""Trouble first: the rank of each container, its state in words, filter and order."""

import pytest
from support import scene
from support.scene import NOW_NS, SECOND, exited, running

from engine.model import ContainerState, RestartPolicy, Status
from tui import rows
from tui.past import EVENTS_MAX, NOTHING, THROTTLE_NS, WINDOW_NS, Past, Recorder
from tui.rows import Row, Trouble


def row(state: ContainerState, past: Past = NOTHING, name: str = "web") -> Row:
    return Row(scene.container(name, state), None, (), past, rows.rank(state, past, NOW_NS))


@pytest.mark.parametrize(
    ("state", "past", "trouble"),
    [
        (running(), Past(ooms=1), Trouble.OOM),
        (exited(137, oom_killed=True), NOTHING, Trouble.OOM),
        (exited(137, seconds=3600, oom_killed=True), NOTHING, Trouble.FAILED),
        (ContainerState(status=Status.RESTARTING), NOTHING, Trouble.LOOP),
        (running(5, restarts=3), NOTHING, Trouble.LOOP),
        (running(5, restarts=2), NOTHING, Trouble.RUNNING),
        (running(3600, restarts=50), NOTHING, Trouble.RUNNING),
        (exited(1), NOTHING, Trouble.FAILED),
        (exited(None), NOTHING, Trouble.FAILED),
        (exited(143, stopped_by_user=True), NOTHING, Trouble.ENDED),
        (ContainerState(error="no such program"), NOTHING, Trouble.FAILED),
        (running(), Past(throttled=True), Trouble.THROTTLED),
        (running(status=Status.PAUSED), NOTHING, Trouble.PAUSED),
        (running(), NOTHING, Trouble.RUNNING),
        (ContainerState(), NOTHING, Trouble.CREATED),
        (exited(0), NOTHING, Trouble.ENDED),
    ],
)
def test_each_container_has_its_rank(state, past, trouble):
    assert rows.rank(state, past, NOW_NS) is trouble


def test_a_moment_puts_trouble_first_and_then_goes_by_name():
    recorder = Recorder()
    recorder.add(scene.event(scene.HOG, "oom"))
    moment = rows.moment(scene.overview(), recorder)
    names = [row.name for row in moment.rows]
    assert names == ["hog", "failer", "burner", "frozen", "logger", "shell", "web", "new", "done"]
    assert moment.find(scene.WEB.id).name == "web"
    assert moment.find("nothing") is None


@pytest.mark.parametrize(
    ("state", "past", "words"),
    [
        (running(3 * 3600), NOTHING, "up 3h"),
        (running(2), Past(ooms=3), "OOM x3 up 2s"),
        (running(2), Past(ooms=1), "OOM up 2s"),
        (exited(1, 120), NOTHING, "exit 1 2m"),
        (exited(None, 120), NOTHING, "exit ? 2m"),
        (running(status=Status.PAUSED), NOTHING, "frozen"),
        (ContainerState(), NOTHING, "created"),
        (ContainerState(error="no"), NOTHING, "cannot start"),
        (ContainerState(status=Status.RESTARTING, restart_at_ns=NOW_NS + 4 * SECOND), NOTHING, "restart in 4s"),
        (ContainerState(status=Status.REMOVING), NOTHING, "removing"),
    ],
)
def test_the_state_is_told_in_a_few_letters(state, past, words):
    assert rows.status_words(row(state, past), NOW_NS) == words


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True),
        ("web", True),
        ("WEB base", True),
        ("web nothing", False),
        ("!web", False),
        ("!nothing web", True),
        ("!", True),
        ("running", True),
        (scene.identity("web")[:12], True),
    ],
)
def test_a_filter_looks_at_name_image_id_and_state(query, found):
    assert rows.matches(row(running()), query) is found


def test_trouble_ends_where_wellness_begins():
    assert rows.in_trouble(row(running(status=Status.PAUSED)))
    assert not rows.in_trouble(row(running()))


def test_a_frozen_order_keeps_what_is_shown_and_appends_what_is_new():
    assert rows.steady(["b", "gone", "a"], ["a", "b", "new"]) == ["b", "a", "new"]


def test_the_past_forgets_what_is_older_than_fifteen_minutes():
    recorder = Recorder()
    recorder.add(scene.event(scene.HOG, "oom", seconds_ago=WINDOW_NS / SECOND + 1))
    recorder.add(scene.event(scene.HOG, "oom", seconds_ago=5))
    recorder.add(scene.event(scene.HOG, "die", seconds_ago=5, exitCode="137"))
    recorder.add(scene.event(scene.HOG, "start", seconds_ago=4))
    past = recorder.past(scene.HOG.id, NOW_NS)
    assert (past.ooms, past.deaths) == (1, 1)
    assert past.last_death.attributes == {"exitCode": "137"}
    assert recorder.past(scene.HOG.id, NOW_NS + WINDOW_NS) == NOTHING


def test_being_throttled_lasts_a_while_so_that_the_order_does_not_flicker():
    recorder = Recorder()
    recorder.measure([scene.stats(scene.BURNER, 0.2, 1, throttled_ratio=0.9)], NOW_NS)
    assert recorder.past(scene.BURNER.id, NOW_NS + THROTTLE_NS - 1).throttled
    assert not recorder.past(scene.BURNER.id, NOW_NS + THROTTLE_NS).throttled


def test_kills_of_an_earlier_supervisor_are_counted_from_the_journal():
    recorder = Recorder()
    for _ in range(5):
        recorder.add(scene.event(scene.HOG, "oom"))
    assert rows.moment(scene.overview(oom_recent=0), recorder).oom_recent == 5
    assert rows.moment(scene.overview(oom_recent=9), recorder).oom_recent == 9


def test_a_loop_of_deaths_cannot_fill_the_memory():
    recorder = Recorder()
    for _ in range(EVENTS_MAX + 10):
        recorder.add(scene.event(scene.HOG, "die"))
    assert recorder.past(scene.HOG.id, NOW_NS).deaths == EVENTS_MAX


def test_containers_that_are_gone_are_forgotten():
    recorder = Recorder()
    recorder.add(scene.event(scene.HOG, "oom"))
    rows.moment(scene.overview([scene.WEB]), recorder)
    assert recorder.past(scene.HOG.id, NOW_NS) == NOTHING


def test_a_restart_policy_alone_is_no_trouble():
    state = running(restarts=0)
    one = scene.container("web", state, restart=RestartPolicy(name="always"))
    assert rows.rank(one.state, NOTHING, NOW_NS) is Trouble.RUNNING
