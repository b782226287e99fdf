"""Why a container is as it is, in sentences."""

from support import scene
from support.scene import MIB, NOW_NS, exited, running

from engine.model import Limits, Status
from tui import rows, sheets, why
from tui.past import NOTHING, Past, Recorder
from tui.rows import Row
from tui.why import Tone


def row(state, past=NOTHING, stats=None, **options) -> Row:
    one = scene.container("web", state, **options)
    return Row(one, stats, (), past, rows.rank(state, past, NOW_NS))


def said(one: Row) -> list[str]:
    return [sentence.text for sentence in why.explain(one, NOW_NS)]


def test_a_kill_for_memory_names_the_limit_and_how_often():
    moment = rows.moment(scene.overview(), _with_two_ooms())
    assert said(moment.find(scene.HOG.id)) == [
        "killed by the kernel: memory limit 64 MiB reached",
        "exit 137 (SIGKILL), ran for 3.0 s, ended 6 s ago",
        "killed for memory 2 times in the last 15 min",
        "restarted 7 times, next attempt in 4 s",
    ]


def test_the_headline_is_the_worst_sentence():
    moment = rows.moment(scene.overview(), _with_two_ooms())
    assert why.headline(moment.find(scene.HOG.id), NOW_NS).tone is Tone.BAD
    assert why.headline(moment.find(scene.WEB.id), NOW_NS).text == "running for 3 h"


def test_an_exit_code_is_said_once():
    assert said(row(exited(1, cause="exit 1"))) == ["exit 1", "ran for 2.1 s, ended 2 min ago"]
    assert said(row(exited(1, cause=""))) == ["exit 1", "ran for 2.1 s, ended 2 min ago"]


def test_a_death_without_words_of_the_engine_still_has_a_cause():
    assert said(row(exited(137, oom_killed=True, cause="")))[0] == "killed by the kernel: memory limit reached"
    assert said(row(exited(None, cause="")))[0] == "exit code unknown"


def test_a_start_that_failed_says_why():
    assert said(row(scene.ContainerState(error="no such program: x"))) == ["could not start: no such program: x"]
    again = said(row(exited(1, error="no such program: x")))
    assert again[0] == "could not start again: no such program: x"


def test_a_container_that_runs_again_tells_of_its_last_death():
    death = scene.event(scene.WEB, "die", 30, exitCode="1", cause="exit 1")
    assert "last run, 30 s ago: exit 1" in said(row(running(5, restarts=1), Past(deaths=1, last_death=death)))
    bare = scene.event(scene.WEB, "die", 30, exitCode="139")
    assert "last run, 30 s ago: exit 139 (SIGSEGV)" in said(
        row(running(5, restarts=1), Past(deaths=1, last_death=bare))
    )


def test_a_start_by_the_operator_is_no_restart():
    death = scene.event(scene.WEB, "die", 30, exitCode="0")
    assert said(row(running(5), Past(deaths=1, last_death=death))) == ["running for 5 s"]


def test_being_held_back_names_the_limit():
    figures = scene.stats(scene.BURNER, 0.2, 1, throttled_ratio=0.82)
    assert said(row(running(5), Past(throttled=True), figures))[0] == (
        "held back by its limit of 0.20 cores: throttled in 82 % of periods"
    )


def test_memory_near_its_limit_is_worth_a_word():
    figures = scene.stats(scene.WEB, 0, 120)
    assert "memory at 94 % of its limit" in said(row(running(5), NOTHING, figures))


def test_every_state_has_something_to_say():
    for status in Status:
        assert said(row(scene.ContainerState(status=status)))


def test_limits_are_told_in_words_and_unlimited_is_none():
    limits = Limits(memory_bytes=64 * MIB, cpus=0.2, pids=-1, cpuset_cpus="1")
    assert why.limits(limits) == ["memory 64 MiB", "cpus 0.20", "cpuset 1"]
    assert why.limits(Limits()) == []


def test_the_sheets_leave_out_what_is_not_set():
    names = [entry.name for entry in sheets.config_entries(scene.WEB)]
    assert "env" in names
    assert "limits" in names
    assert "mount" not in names
    assert "user" not in names


def test_the_sheet_of_a_privileged_container_says_what_that_means():
    one = scene.container("web", privileged=True)
    assert ("privileged", "yes: it can do everything to this host") in [
        (entry.name, entry.value) for entry in sheets.config_entries(one)
    ]


def test_traffic_is_told_with_its_rate_and_with_what_was_dropped():
    moment = rows.moment(scene.overview(), Recorder())
    told = {entry.name: entry.value for entry in sheets.why_entries(moment.find(scene.WEB.id), NOW_NS)}
    assert told["received"] == "3 MiB, now 0 B/s, 2 packets dropped"
    assert told["sent"] == "90 MiB, now 240 KiB/s"
    assert "received" not in {entry.name for entry in sheets.why_entries(moment.find(scene.LOGGER.id), NOW_NS)}


def _with_two_ooms() -> Recorder:
    recorder = Recorder()
    for seconds in (100, 6):
        recorder.add(scene.event(scene.HOG, "oom", seconds))
    return recorder
