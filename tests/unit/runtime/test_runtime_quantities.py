"""Numbers, sizes, durations and signals of a command line."""

import signal

import pytest

from engine.errors import InvalidInput
from engine.runtime import quantities, signals
from engine.runtime.verbs import events


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("-1", -1), ("1024", 1024), ("+7", 7)])
def test_a_number_is_whole(text: str, expected: int) -> None:
    assert quantities.number(text) == expected


@pytest.mark.parametrize("text", ["", "1.5", "ten", "0x10", "9" * 5000])
def test_what_is_no_number_is_refused_in_few_words(text: str) -> None:
    with pytest.raises(InvalidInput, match="invalid value") as caught:
        quantities.number(text)
    assert len(caught.value.message) < 60


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("64m", 64 << 20),
        ("64M", 64 << 20),
        ("1.5g", 3 << 29),
        ("512KiB", 512 << 10),
        ("2kb", 2048),
        ("7b", 7),
        ("9", 9),
    ],
)
def test_a_size_has_a_unit_or_is_bytes(text: str, expected: int) -> None:
    assert quantities.size(text) == expected


def test_minus_one_is_no_limit() -> None:
    assert quantities.size("-1") == -1


@pytest.mark.parametrize("text", ["", "m", "64x", "1mk", "inf", "nan", "1e999", "-2m", "-5"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="invalid size"):
        quantities.size(text)


@pytest.mark.parametrize(("text", "expected"), [("5s", 5.0), ("100ms", 0.1), ("1m", 60.0), ("0.5h", 1800.0)])
def test_an_interval_is_seconds(text: str, expected: float) -> None:
    assert events.duration(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "5", "s", "fives", "nans", "infs"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="invalid value"):
        events.duration(text)


@pytest.mark.parametrize("text", ["TERM", "SIGTERM", "sigterm", "term", "15"])
def test_a_signal_has_a_name_or_a_number(text: str) -> None:
    assert signals.parse(text) == signal.SIGTERM


def test_real_time_signals_have_their_names_too() -> None:
    assert signals.parse("RTMIN") == signal.SIGRTMIN


@pytest.mark.parametrize("text", ["", "NOPE", "SIG", "_DFL", "SIG_IGN", "-9", "\u0661"])
def test_what_is_no_signal_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="unknown signal"):
        signals.parse(text)


def test_real_time_signals_count_from_either_end() -> None:
    assert signals.parse("RTMIN+3") == signal.SIGRTMIN + 3
    assert signals.parse("sigrtmax-1") == signal.SIGRTMAX - 1
    with pytest.raises(InvalidInput, match="there is no signal"):
        signals.parse("RTMIN+99")
