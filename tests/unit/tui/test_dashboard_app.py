"""The dashboard as a whole, driven by its keys: on a bridge that stands still, and on an engine in memory."""

import pytest
from support import scene
from support.dashboard import a_moment, drive, on_engine, still

import themes
from engine import errors
from tui import actions, app, handover
from tui.actions import Failure
from tui.lines import Batch, Line
from tui.messages import Acted, EngineLost
from tui.screens.confirm import ConfirmScreen
from tui.screens.container import ContainerScreen
from tui.screens.keys import KeysScreen
from tui.screens.overview import OverviewScreen
from tui.widgets.container_list import ContainerList

SIZES = [(120, 40), (80, 24), (50, 12), (20, 5), (200, 60)]


def selected(driver) -> str:
    return driver.app.screen_stack[1].query_one(ContainerList).listing.current.name


# The first look


def test_before_any_key_the_worst_container_and_its_cause_are_on_the_screen():
    async def scenario():
        for size in ((120, 40), (80, 24)):
            async with still(size) as driver:
                await driver.until_text("killed by the kernel: memory limit 64 MiB reached", "OOM x2 in 4s")
                assert selected(driver) == "hog"
                assert driver.bridge.selected.name == "hog"

    drive(scenario)


def test_its_last_lines_are_there_too():
    async def scenario():
        async with still((80, 24)) as driver:
            driver.bridge.tell_log(["\x1b[31mMemoryError\x1b[0m", "\x1b]0;evil\x07Killed"])
            await driver.until_text("MemoryError", "Killed")
            await driver.until_gone("evil")

    drive(scenario)


@pytest.mark.parametrize("size", SIZES)
def test_it_fits_into_every_terminal(size):
    async def scenario():
        async with still(size) as driver:
            driver.bridge.tell_series()
            driver.bridge.tell_log(["line"] * 50)
            await driver.pilot.pause()
            assert [len(line) for line in driver.lines()] == [size[0]] * size[1]
            await driver.press("enter", "2", "3", "4", "escape", "question_mark", "escape")

    drive(scenario)


def test_resizing_again_and_again_breaks_nothing():
    async def scenario():
        async with still() as driver:
            for size in (*SIZES, (1, 1), (120, 40)):
                await driver.pilot.resize_terminal(*size)
                driver.bridge.tell_series()
                await driver.pilot.pause()
            await driver.until_text("hog", "failer", "now")

    drive(scenario)


def test_a_narrow_terminal_shows_list_and_card_in_turn():
    async def scenario():
        async with still((80, 24)) as driver:
            await driver.until_text("NAME")
            await driver.press("tab")
            await driver.until_gone("NAME")
            await driver.until_text("limits memory 64 MiB")
            await driver.press("escape")
            await driver.until_text("NAME")

    drive(scenario)


# Moving, filtering, marking


def test_keys_move_the_cursor_and_the_card_follows():
    async def scenario():
        async with still() as driver:
            await driver.press("j", "down", "j")
            assert selected(driver) == "frozen"
            await driver.until_text("frozen: its processes stand still")
            await driver.press("k", "G")
            assert selected(driver) == "done"
            await driver.press("g")
            assert selected(driver) == "hog"
            assert driver.bridge.selected.name == "hog"

    drive(scenario)


def test_a_click_moves_the_cursor_and_two_open_the_container():
    async def scenario():
        async with still() as driver:
            await driver.pilot.click("#list", offset=(6, 3))
            assert selected(driver) == "burner"
            await driver.pilot.click("#list", offset=(6, 3), times=2)
            await driver.until(lambda: isinstance(driver.app.screen, ContainerScreen), "the container's screen")

    drive(scenario)


def test_a_click_on_a_key_presses_it():
    async def scenario():
        async with still() as driver:
            column = driver.lines()[-1].index("? keys")
            await driver.pilot.click("#keys", offset=(column, 0))
            await driver.until(lambda: isinstance(driver.app.screen, KeysScreen), "the keys")

    drive(scenario)


def test_a_filter_shows_what_matches_and_escape_shows_everything():
    async def scenario():
        async with still() as driver:
            await driver.press("slash", *"!web")
            assert "web" not in "".join(driver.lines()[2:9])
            await driver.press("backspace", "backspace", "backspace", "backspace", *"web", "enter")
            assert selected(driver) == "web"
            assert "hog" not in driver.lines()[2]
            await driver.press("escape")
            assert "hog" in driver.lines()[2]

    drive(scenario)


def test_letters_typed_ahead_of_the_filter_are_words_and_no_actions():
    async def scenario():
        async with still() as driver:
            await driver.burst("slash", *"logger/", "enter", "j")
            assert isinstance(driver.app.screen, OverviewScreen)
            assert driver.app.screen.query_one(ContainerList).listing.words == "logger/"
            await driver.burst("slash", *"DTK", "escape", "g", "j")
            assert driver.app.screen.query_one(ContainerList).listing.words == ""
            assert selected(driver) == "failer"
            assert driver.bridge.asked == [("start",)]

    drive(scenario)


def test_a_second_question_is_not_asked_over_the_first():
    async def scenario():
        async with still() as driver:
            await driver.burst("T", "K", "R")
            await driver.press("escape")
            assert isinstance(driver.app.screen, OverviewScreen)

    drive(scenario)


def test_a_filter_that_matches_nothing_says_so():
    async def scenario():
        async with still() as driver:
            await driver.press("slash", *"nothing-like-it")
            await driver.until_text("nothing matches: Esc shows everything")
            await driver.press("escape")
            await driver.until_text("hog")

    drive(scenario)


def test_only_trouble_leaves_out_what_is_well():
    async def scenario():
        async with still() as driver:
            await driver.press("z")
            await driver.until_gone("logger")
            await driver.press("z")
            await driver.until_text("logger")

    drive(scenario)


def test_copying_takes_the_whole_id():
    async def scenario():
        async with still() as driver:
            await driver.press("y")
            assert driver.app.clipboard == scene.HOG.id

    drive(scenario)


# Changing


@pytest.mark.parametrize(("key", "action"), [("T", "stop"), ("R", "restart"), ("D", "delete")])
def test_what_loses_something_is_asked_about_and_enter_cancels(key, action):
    async def scenario():
        async with still() as driver:
            await driver.press("G", "k", "k", key)
            assert isinstance(driver.app.screen, ConfirmScreen)
            await driver.until_text(f"{action.capitalize()} web?")
            await driver.press("enter")
            assert isinstance(driver.app.screen, OverviewScreen)
            await driver.press(key, "escape")
            await driver.press(key, "n")
            assert (action, "web") not in driver.bridge.asked
            await driver.press(key, "y")
            assert driver.bridge.asked[-1] == (action, "web")

    drive(scenario)


def test_the_other_button_is_one_key_away():
    async def scenario():
        async with still() as driver:
            await driver.press("G", "k", "k", "K", "right", "enter")
            assert driver.bridge.asked[-1] == ("kill", "web")

    drive(scenario)


def test_starting_and_freezing_lose_nothing_and_happen_at_once():
    async def scenario():
        async with still() as driver:
            await driver.press("j", "S")
            assert driver.bridge.asked[-1] == ("start", "failer")
            await driver.press("j", "P")
            assert driver.bridge.asked[-1] == ("freeze", "burner")
            await driver.press("j", "P")
            assert driver.bridge.asked[-1] == ("thaw", "frozen")

    drive(scenario)


def test_marked_containers_are_changed_together():
    async def scenario():
        async with still() as driver:
            await driver.press("j", "j", "space", "j", "space", "T")
            await driver.until_text("Stop 2 containers?")
            await driver.until_text("burner, logger")
            await driver.press("y")
            assert driver.bridge.asked[-1] == ("stop", "burner", "logger")

    drive(scenario)


def test_what_does_not_fit_says_why_and_asks_nothing():
    async def scenario():
        async with still() as driver:
            await driver.press("G", "T")
            assert driver.notices() == ["done does not run"]
            assert isinstance(driver.app.screen, OverviewScreen)

    drive(scenario)


def test_deleting_what_runs_says_that_it_is_killed_first():
    async def scenario():
        async with still() as driver:
            await driver.press("G", "k", "k", "D")
            await driver.until_text("Running, and killed first: web.")

    drive(scenario)


def test_success_and_failure_are_told_with_the_hint():
    async def scenario():
        async with still() as driver:
            failure = Failure("web", "no such container: [web]\x1b[2J", "qd ps -a lists them")
            driver.app.post_message(Acted(actions.STOP, ("logger",), (failure,)))
            await driver.until(lambda: len(driver.notices()) == 2, "two notices")
            done, failed = driver.notices()
            assert done == "stopped logger"
            assert failed == "no such container: [web]\ufffd[2J\nqd ps -a lists them"

    drive(scenario)


@pytest.mark.parametrize("key", ["S", "T", "R", "K", "P", "D", "s", "a"])
def test_a_read_only_dashboard_changes_nothing(key):
    async def scenario():
        async with still(read_only=True) as driver:
            assert "READ-ONLY" in driver.lines()[0]
            await driver.press("G", "k", "k", key)
            assert isinstance(driver.app.screen, OverviewScreen)
            assert driver.bridge.asked == [("start",)]

    drive(scenario)


# Other screens


def test_enter_opens_the_container_and_escape_comes_back():
    async def scenario():
        async with still() as driver:
            driver.bridge.tell_log(["the last line"])
            await driver.press("enter")
            await driver.until_text("1 Why")
            await driver.until_text("the last line")
            await driver.press("2")
            await driver.until_text("following")
            await driver.press("right_square_bracket", "right_square_bracket")
            await driver.until_text(scene.HOG.id)
            await driver.press("escape")
            assert isinstance(driver.app.screen, OverviewScreen)

    drive(scenario)


def test_the_graphs_are_full_when_they_are_opened():
    async def scenario():
        async with still() as driver:
            driver.bridge.tell_series()
            await driver.pilot.pause()
            await driver.press("enter", "3")
            await driver.until_text("⣿")

    drive(scenario)


def test_a_container_that_is_deleted_closes_its_screen():
    async def scenario():
        async with still() as driver:
            await driver.press("enter")
            driver.bridge.tell(driver.app._moment._replace(rows=driver.app._moment.rows[1:]))
            await driver.until(lambda: isinstance(driver.app.screen, OverviewScreen), "the list")
            assert driver.notices() == ["hog is gone"]

    drive(scenario)


def test_reading_back_in_the_log_stops_following_and_counts_what_is_new():
    async def scenario():
        async with still((80, 24)) as driver:
            driver.bridge.tell_log([f"line {number}" for number in range(100)])
            await driver.press("l", "pageup")
            shown = driver.lines()[4]
            batch = driver.app._buffer
            driver.bridge.batch = _batch(batch.source, [f"new {number}" for number in range(7)])
            driver.app.post_message(app.messages.LogGrew())
            await driver.until_text("+7 new")
            assert driver.lines()[4] == shown
            await driver.press("G")
            await driver.until_text("following")
            await driver.until_text("new 6")

    drive(scenario)


def test_a_log_that_forgets_lines_unasked_can_still_be_drawn():
    """As it happens in a flood, between the moment a screen is put up and the moment it is told of the log."""

    async def scenario():
        async with still((80, 24)) as driver:
            driver.bridge.tell_log([f"line {number}" for number in range(100)])
            await driver.press("l", "g")
            buffer = driver.app._buffer
            for missed in (10_000, 0):
                buffer.add(_batch(buffer.source, [f"new {number}" for number in range(6000)])._replace(missed=missed))
                await driver.pilot.resize_terminal(81, 25)
                await driver.until_text("new ")
                buffer.clear(buffer.source)
                await driver.pilot.resize_terminal(80, 24)
                await driver.until_gone("new ")

    drive(scenario)


def test_the_keys_are_those_of_the_focus():
    async def scenario():
        async with still() as driver:
            await driver.press("question_mark")
            await driver.until_text("Trouble")
            await driver.until_gone("Follow")
            await driver.press("escape", "l", "question_mark")
            await driver.until_text("Follow")

    drive(scenario)


def test_every_theme_can_be_worn_and_the_choice_is_kept():
    async def scenario():
        async with still() as driver:
            worn = set()
            for _ in range(len(themes.load_all()[0])):
                await driver.press("ctrl+t")
                worn.add(driver.app.theme)
                assert (themes.configuration_folder() / "theme").read_text().strip() == driver.app.theme
            assert worn == set(themes.load_all()[0])

    drive(scenario)


def test_a_bad_theme_of_the_operator_is_told_and_does_no_harm():
    folder = themes.configuration_folder() / "themes"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text("[colors")

    async def scenario():
        async with still() as driver:
            assert driver.notices()[0].startswith("theme mine: ")

    drive(scenario)


def test_escape_never_quits():
    async def scenario():
        async with still() as driver:
            await driver.press(*["escape"] * 5)
            assert driver.app.is_running
            assert isinstance(driver.app.screen, OverviewScreen)

    drive(scenario)


# Engine


def test_without_an_engine_it_opens_and_says_what_to_do():
    async def scenario():
        async with still() as driver:
            driver.app.post_message(EngineLost("this kernel refuses namespaces", "docker run --privileged"))
            await driver.until_text("this kernel refuses namespaces", "docker run --privileged", "Trying again")
            await driver.until_text("hog")
            driver.bridge.tell(driver.app._moment)
            await driver.until(lambda: "refuses" not in driver.text(), "the end of the notice")

    drive(scenario)


def test_warnings_of_the_engine_stay_in_sight():
    async def scenario():
        async with still() as driver:
            driver.bridge.tell(driver.app._moment._replace(warnings=("no limits: cgroups are read-only",)))
            await driver.until_text("no limits: cgroups are read-only")

    drive(scenario)


def test_an_empty_engine_says_how_to_begin():
    async def scenario():
        async with still() as driver:
            driver.bridge.tell(driver.app._moment._replace(rows=()))
            await driver.until_text("There are no containers yet.", "qd demo")
            await driver.press("enter", "l", "s", "T", "space", "y")
            assert isinstance(driver.app.screen, OverviewScreen)

    drive(scenario)


def test_on_an_engine_in_memory_it_follows_what_happens(scene_engine):
    async def scenario():
        scene_engine.print("hog", "allocating\n")
        async with on_engine(scene_engine) as driver:
            await driver.until_text("allocating", "restart", "now")
            scene_engine.now = scene.overview([scene.WEB])
            scene_engine.happen(scene.event(scene.HOG, "destroy"))
            await driver.until(lambda: "failer" not in driver.text(), "the deletion")
            await driver.press("T", "y")
            await driver.until(lambda: scene_engine.calls == [("stop", "web")], "the stop")
            await driver.until(lambda: "stopped web" in driver.notices(), "the report")

    drive(scenario)


def test_on_an_engine_that_is_lost_it_waits_for_the_next_one(scene_engine):
    async def scenario():
        scene_engine.failure = errors.Unreachable("no engine runs", hint="qd info")
        async with on_engine(scene_engine) as driver:
            await driver.until_text("no engine runs", "qd info")
            scene_engine.failure = None
            await driver.until_text("hog")

    drive(scenario)


# Hand-over


def test_a_shell_is_asked_of_qd_for_exactly_this_container():
    row = _row(scene.WEB)
    assert handover.shell(row).arguments == ("exec", "-it", scene.WEB.id, "sh")
    assert handover.own_terminal(row).arguments == ("attach", scene.WEB.id)
    assert "ctrl-]" in handover.own_terminal(row).farewell


def test_a_container_without_a_terminal_is_not_attached_to():
    async def scenario():
        async with still() as driver:
            await driver.press("G", "k", "k", "a")
            assert "web has no terminal of its own" in driver.notices()[0]
            await driver.press("G", "s")
            assert "done does not run: S starts it" in driver.notices()[1]

    drive(scenario)


def test_where_the_terminal_cannot_be_handed_over_it_says_so():
    async def scenario():
        async with still() as driver:
            await driver.press("G", "k", "k", "s")
            await driver.until(lambda: driver.bridge.asked[-2:] == [("pause",), ("resume",)], "the bridge goes on")
            await driver.until(lambda: driver.notices() == ["the terminal cannot be handed over here"], "a notice")

    drive(scenario)


def _row(one):
    return a_moment().find(one.id)


def _batch(source, lines):
    return Batch(source, tuple(Line(line) for line in lines), "")


# Faults


def test_a_screen_can_be_told_things_before_and_after_it_is_there():
    async def scenario():
        async with still() as driver:
            await driver.press("enter")
            gone = driver.app.screen
            early = OverviewScreen(driver.app._buffer, read_only=False)
            await driver.press("escape")
            for screen in (gone, early):
                screen.show_moment(driver.app._moment)
                screen.show_host(scene.HOST)
                screen.show_series(scene.HOG.id, scene.series("hog"))
                screen.show_log()
                screen.show_lost("lost", "hint")

    drive(scenario)


def test_a_fault_of_ours_tells_no_values_of_variables():
    async def scenario():
        async with still() as driver:
            password = "hunter2"  # noqa: F841 - a local variable of the frame that fails
            try:
                raise ValueError("a fault")
            except ValueError:
                driver.app._fatal_error()
            shown = "".join(segment.text for shown in driver.app._exit_renderables for segment in shown.segments)
            driver.app._exit_renderables.clear()
            assert "a fault" in shown
            assert "containers are not concerned" in shown
            assert "hunter2" not in shown.replace('password = "hunter2"', "")

    drive(scenario)
