"""The cursor, the order and the marks of the list."""

from support import scene

from tui import rows
from tui.listing import FROZEN_SECONDS, SETTLE_SECONDS, Listing
from tui.past import Recorder
from tui.rows import Moment


class Clock:
    """Time as the test says."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def moment(*containers) -> Moment:
    return rows.moment(scene.overview(containers or scene.ALL), Recorder())


def names(listing: Listing) -> list[str]:
    return [row.name for row in listing.rows]


def a_listing(clock: Clock, *containers) -> Listing:
    """One that has settled."""
    listing = Listing(clock)
    listing.show(moment(*containers))
    clock.now += SETTLE_SECONDS
    return listing


def test_at_first_the_cursor_is_on_the_worst_row_even_if_that_comes_late():
    clock = Clock()
    listing = Listing(clock)
    listing.show(moment(scene.WEB))
    clock.now += SETTLE_SECONDS / 2
    listing.show(moment(scene.WEB, scene.FAILER))
    assert listing.current.name == "failer"


def test_later_the_cursor_stays_on_its_container_when_the_order_changes():
    listing = a_listing(Clock(), scene.WEB)
    listing.show(moment(scene.WEB, scene.FAILER))
    assert names(listing) == ["failer", "web"]
    assert listing.current.name == "web"


def test_a_key_ends_the_time_of_settling():
    listing = Listing(Clock())
    listing.show(moment(scene.WEB, scene.LOGGER))
    listing.move(1)
    listing.show(moment(scene.WEB, scene.LOGGER, scene.FAILER))
    assert listing.current.name == "web"


def test_the_order_is_frozen_while_the_cursor_moves():
    clock = Clock()
    listing = a_listing(clock, scene.WEB, scene.LOGGER)
    listing.move(1)
    listing.show(moment(scene.WEB, scene.LOGGER, scene.FAILER))
    assert names(listing) == ["logger", "web", "failer"]
    clock.now += FROZEN_SECONDS
    listing.show(moment(scene.WEB, scene.LOGGER, scene.FAILER))
    assert names(listing) == ["failer", "logger", "web"]


def test_where_the_container_is_gone_the_next_one_has_the_cursor():
    listing = a_listing(Clock(), scene.LOGGER, scene.SHELL, scene.WEB)
    listing.move(1)
    listing.show(moment(scene.LOGGER, scene.WEB))
    assert listing.current.name == "web"
    listing.show(moment(scene.LOGGER))
    assert listing.current.name == "logger"
    listing.show(moment(scene.DONE)._replace(rows=()))
    assert listing.current is None
    assert listing.targets == ()


def test_the_cursor_stops_at_both_ends():
    listing = a_listing(Clock(), scene.LOGGER, scene.WEB)
    listing.move(-5)
    assert listing.current.name == "logger"
    listing.move(1 << 30)
    assert listing.current.name == "web"


def test_actions_mean_the_marked_rows_or_else_the_one_under_the_cursor():
    listing = a_listing(Clock(), scene.LOGGER, scene.SHELL, scene.WEB)
    assert [row.name for row in listing.targets] == ["logger"]
    listing.mark()
    listing.move(2)
    listing.mark()
    assert [row.name for row in listing.targets] == ["logger", "web"]
    listing.mark()
    assert [row.name for row in listing.targets] == ["logger"]
    listing.clear_marks()
    assert [row.name for row in listing.targets] == ["web"]


def test_what_a_filter_hides_is_no_target():
    listing = a_listing(Clock(), scene.LOGGER, scene.WEB)
    listing.mark()
    listing.filter(words="web")
    assert names(listing) == ["web"]
    assert [row.name for row in listing.targets] == ["web"]
    listing.filter(words="")
    assert [row.name for row in listing.targets] == ["logger"]


def test_a_mark_goes_with_its_container():
    listing = a_listing(Clock(), scene.LOGGER, scene.WEB)
    listing.mark()
    listing.show(moment(scene.WEB))
    assert listing.marked == frozenset()


def test_only_trouble_hides_what_is_well():
    listing = a_listing(Clock())
    listing.filter(trouble_only=True)
    assert names(listing) == ["hog", "failer", "burner", "frozen"]
