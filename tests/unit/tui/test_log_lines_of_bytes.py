"""Lines cut from bytes, and the buffer that keeps the last of them."""

from hypothesis import given
from hypothesis import strategies as st

from tui.lines import BYTES_MAX, Batch, Cutter, Line, LogBuffer, join

WEB = ("web", 1)


def batch(*texts: str, partial: str = "", missed: int = 0, fresh: bool = False, source: tuple[str, int] = WEB) -> Batch:
    return Batch(source, tuple(Line(text) for text in texts), partial, missed, fresh)


@given(st.lists(st.binary(max_size=30), max_size=20))
def test_lines_are_the_same_however_the_bytes_are_cut(pieces):
    whole = b"".join(pieces)
    cutter = Cutter()
    lines = [line.text for piece in pieces for line in cutter.feed(piece)[0]]
    *expected, rest = whole.split(b"\n")
    assert lines == [line.decode("utf-8", "replace") for line in expected]
    assert cutter.partial == rest.decode("utf-8", "replace")


def test_a_prompt_without_end_of_line_is_a_partial_line():
    cutter = Cutter()
    assert cutter.feed(b"done\n/ # ") == ([Line("done")], 0)
    assert cutter.partial == "/ # "


def test_only_the_last_lines_are_decoded_and_the_others_counted():
    lines, missed = Cutter().feed(b"".join(b"%d\n" % number for number in range(100)), most=3)
    assert [line.text for line in lines] == ["97", "98", "99"]
    assert missed == 97


def test_a_line_without_end_cannot_fill_the_memory():
    cutter = Cutter()
    for _ in range(100):
        cutter.feed(b"x" * 1000)
    assert len(cutter.partial) == BYTES_MAX


def test_the_buffer_keeps_the_last_lines_and_counts_the_others():
    buffer = LogBuffer(3)
    buffer.add(batch("a", "b", missed=10))
    buffer.add(batch("c", "d"))
    assert [line.text for line in buffer.last(10)] == ["b", "c", "d"]
    assert buffer.first == 11
    assert buffer.end == 14


def test_a_partial_line_is_the_last_one_until_it_is_complete():
    buffer = LogBuffer()
    buffer.add(batch("a", partial="b"))
    assert [line.text for line in buffer.last(2)] == ["a", "b"]
    buffer.add(batch("bc"))
    assert [line.text for line in buffer.last(2)] == ["a", "bc"]


def test_another_log_begins_with_an_empty_buffer():
    buffer = LogBuffer()
    buffer.add(batch("a"))
    buffer.add(batch("b", source=("web", 2)))
    assert [line.text for line in buffer.last(9)] == ["b"]
    buffer.add(batch("c", source=("web", 2), fresh=True))
    assert [line.text for line in buffer.last(9)] == ["c"]


def test_batches_that_nobody_took_are_joined_and_bounded():
    joined = join(batch("a", "b", fresh=True), batch("c", partial="d"), most=2)
    assert joined == batch("b", "c", partial="d", missed=1, fresh=True)
    assert join(None, batch("a")) == batch("a")
    assert join(batch("a"), batch("b", fresh=True)) == batch("b", fresh=True)
