"""The graphs of a container as data."""

from support import scene
from support.scene import MIB, NOW_NS

from tui import graphs, rows
from tui.past import Recorder

MOMENT = rows.moment(scene.overview(), Recorder())


def of(one, name: str | None = None):
    return graphs.graphs(scene.series(name or one.name), MOMENT.find(one.id))


def test_a_limit_is_the_top_of_its_graph():
    cpu, memory, *_ = of(scene.WEB)
    assert cpu.top == 1.0
    assert cpu.now == "0.02 of 1.00 cores"
    assert memory.top == 128 * MIB
    assert memory.now == "21.4 MiB of 128 MiB (17 %)"


def test_without_a_limit_the_top_is_a_round_number_that_is_told():
    cpu, memory, _, written = of(scene.LOGGER)
    assert (cpu.top, cpu.note) == (0.2, "top 0.20 cores")
    assert (memory.top, memory.note) == (32 * MIB, "top 32 MiB")
    assert written.note == "top 1 MiB/s"


def test_the_network_is_drawn_where_something_went_through_it():
    *_, received, sent = of(scene.WEB)
    assert (received.title, sent.title, sent.now) == ("RECEIVED", "SENT", "200 KiB/s")
    assert received.top == sent.top
    assert [graph.title for graph in of(scene.LOGGER)] == ["CPU", "MEMORY", "READ", "WRITE"]


def test_what_never_flowed_makes_room_for_what_did():
    found = of(scene.WEB)
    assert [graph.title for graph in graphs.fitting(found, 4)] == ["CPU", "MEMORY", "RECEIVED", "SENT"]
    assert graphs.fitting(found, 6) == found
    assert [graph.title for graph in graphs.fitting(found, 1)] == ["CPU"]


def test_a_dead_container_keeps_its_graphs_against_the_limit_it_had():
    cpu, memory, *_ = of(scene.HOG)
    assert cpu.now == "not running"
    assert memory.top == 64 * MIB


def test_being_throttled_is_told_and_drawn():
    cpu = of(scene.BURNER)[0]
    assert cpu.note == "throttled 82 %"
    hot = graphs.scale(cpu, 50, 4).hot
    assert hot == sorted(hot)
    assert 20 <= sum(hot) <= 26


def test_nothing_measured_is_nothing_drawn():
    empty = scene.series("web", seconds=0)
    assert graphs.graphs(empty, MOMENT.find(scene.WEB.id)) == []
    assert graphs.graphs(None, MOMENT.find(scene.WEB.id)) == []
    assert graphs.graphs(scene.series("web"), None) == []


def test_a_graph_uses_its_whole_width_once_there_is_enough_to_show():
    cpu = of(scene.WEB)[0]
    for width in (10, 44, 70, 150):
        scaled = graphs.scale(cpu, width, 1)
        assert scaled.lines[0].strip() == scaled.lines[0]
        assert len(scaled.hot) == width


def test_the_left_edge_is_as_old_as_it_says():
    assert graphs.span_ns(scene.series("web"), 44) == 3 * 88 * 10**9
    assert graphs.span_ns(scene.series("web", seconds=20), 44) == 88 * 10**9


def test_the_end_of_a_graph_is_a_second_of_the_clock():
    assert of(scene.WEB)[0].end == NOW_NS // 10**9
