"""Looking for the detach keys in what is typed."""

from hypothesis import given
from hypothesis import strategies as st

from engine.cli.terminal.detach import DetachKeys

KEYS = st.binary(min_size=1, max_size=4).map(lambda data: bytes(b"aab"[byte % 3] for byte in data))
TYPED = st.lists(st.text(alphabet="ab", max_size=6).map(str.encode), max_size=8)


def feed_all(keys: DetachKeys, pieces: list[bytes]) -> tuple[bytes, bool]:
    out = b""
    for piece in pieces:
        passed, complete = keys.feed(piece)
        out += passed
        if complete:
            return out, True
    return out, False


def test_one_key_detaches_and_what_follows_is_dropped() -> None:
    assert DetachKeys(b"\x1d").feed(b"abc\x1ddef") == (b"abc", True)


def test_a_partial_sequence_is_held_back_and_sent_when_broken() -> None:
    keys = DetachKeys(b"\x10\x11")
    assert keys.feed(b"a\x10") == (b"a", False)
    assert keys.feed(b"b") == (b"\x10b", False)
    assert keys.feed(b"\x10") == (b"", False)
    assert keys.feed(b"\x10") == (b"\x10", False)
    assert keys.feed(b"\x11") == (b"", True)


def test_without_keys_everything_passes() -> None:
    assert DetachKeys(b"").feed(b"\x1d\x10\x11") == (b"\x1d\x10\x11", False)


@given(KEYS, TYPED)
def test_however_it_is_cut_the_sequence_is_found_where_it_is(sequence: bytes, pieces: list[bytes]) -> None:
    typed = b"".join(pieces)
    out, complete = feed_all(DetachKeys(sequence), pieces)
    if sequence in typed:
        assert (out, complete) == (typed[: typed.index(sequence)], True)
    else:
        assert not complete
        held = typed[len(out) :]
        assert typed.startswith(out)
        assert sequence.startswith(held)
        assert len(held) < len(sequence)
