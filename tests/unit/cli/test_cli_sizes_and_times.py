"""Sizes, rates, durations and moments as an operator types them."""

import contextlib
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli.parse.moment import parse_duration, parse_moment
from engine.cli.parse.size import MAX_BYTES, parse_device_bytes, parse_device_operations, parse_size, parse_swap
from engine.errors import InvalidInput
from engine.model import DeviceRate

NOW = 1_777_630_272_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4096", 4096),
        ("64m", 64 << 20),
        ("64M", 64 << 20),
        ("64mb", 64 << 20),
        ("64MiB", 64 << 20),
        ("64 m", 64 << 20),
        ("1.5g", 3 << 29),
        ("512k", 512 << 10),
        ("2t", 2 << 40),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_a_size_counts_in_binary_units(text: str, expected: int) -> None:
    assert parse_size(text) == expected


@pytest.mark.parametrize("text", ["", "m", "64q", "-1", "64x", "1e3", "64m64", "0x10", "١٢", "99999999p", "1.2.3k"])
def test_what_is_no_size_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_size(text)
    assert caught.value.hint


@given(st.text(max_size=24))
def test_any_text_is_a_size_within_bounds_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert 0 <= parse_size(text) <= MAX_BYTES


@given(st.integers(0, 1 << 40), st.sampled_from(["", "k", "m"]))
def test_every_whole_number_with_a_unit_is_exact(number: int, unit: str) -> None:
    assert parse_size(f"{number}{unit}") == number * {"": 1, "k": 1024, "m": 1024**2}[unit]


def test_swap_may_be_unlimited() -> None:
    assert parse_swap("-1") == -1
    assert parse_swap("1g") == 1 << 30


def test_rates_of_devices() -> None:
    assert parse_device_bytes("/dev/vda:10m") == DeviceRate(path="/dev/vda", rate=10 << 20)
    assert parse_device_operations("/dev/disk/by-id/a:b:1000") == DeviceRate(path="/dev/disk/by-id/a:b", rate=1000)


@pytest.mark.parametrize("text", ["/dev/vda", "vda:10", ":10", "/dev/vda:", "/dev/vda:many", "/dev/v\0a:1"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_device_operations(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10m", 600), ("1h30m", 5400), ("1.5s", 1.5), ("300ms", 0.3), ("2d", 172800), ("1m30s", 90), ("5us", 5e-6)],
)
def test_a_duration_adds_its_parts(text: str, seconds: float) -> None:
    assert parse_duration(text) == round(seconds * 1e9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10m", NOW - 600 * 10**9),
        ("1777630272", NOW),
        ("1777630272.5", NOW + 500_000_000),
        ("1777630272.000000001", NOW + 1),
        ("2026-05-01T10:11:12Z", NOW),
        ("2026-05-01T10:11:12.123456789Z", NOW + 123_456_789),
        ("2026-05-01T12:11:12+02:00", NOW),
        ("2026-05-01T06:41:12-0330", NOW),
        ("2026-05-01 10:11Z", NOW - 12 * 10**9),
    ],
)
def test_a_moment_in_each_of_its_forms(text: str, expected: int) -> None:
    assert parse_moment(text, NOW) == expected


def test_a_moment_without_a_zone_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Etc/GMT-3")
    time.tzset()
    try:
        expected = int(datetime(2026, 4, 30, 21, tzinfo=UTC).timestamp()) * 10**9
        assert parse_moment("2026-05-01", NOW) == expected
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "2026-05-01T25:00:00", "10", "m", "2026-05-01T10:00+99:00"]
)
def test_what_is_no_moment_is_refused_or_seconds(text: str) -> None:
    if text == "10":
        assert parse_moment(text, NOW) == 10 * 10**9
        return
    with pytest.raises(InvalidInput) as caught:
        parse_moment(text, NOW)
    assert "10m" in caught.value.hint


@given(st.text(alphabet="0123456789-:.TZ+dhmsu ", max_size=30))
def test_any_text_like_a_time_is_one_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert isinstance(parse_moment(text, NOW), int)
