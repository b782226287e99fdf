"""A user can raise the limits, and is told how."""

import io

import pytest
from support.tar_blocks import END, header, read

from engine.archive import limits
from engine.archive.limits import Limits
from engine.archive.reader import Reader
from engine.errors import InvalidInput


def test_the_environment_raises_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_LAYER_BYTES_MAX", "99999999999999")
    monkeypatch.setenv("QUARTERDECK_LAYER_ENTRIES_MAX", "5")
    assert limits.from_environment() == Limits(bytes_max=99_999_999_999_999, entries_max=5)


def test_without_it_the_defaults_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUARTERDECK_LAYER_BYTES_MAX", raising=False)
    monkeypatch.setenv("QUARTERDECK_LAYER_ENTRIES_MAX", "")
    assert limits.from_environment() == Limits()


@pytest.mark.parametrize("value", ["0", "-1", "1G", "x", "1.5", "²", "9" * 30])
def test_what_is_no_positive_number_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("QUARTERDECK_LAYER_BYTES_MAX", value)
    with pytest.raises(InvalidInput, match="QUARTERDECK_LAYER_BYTES_MAX is not a positive number"):
        limits.from_environment()


def test_an_error_names_the_variable_that_helps() -> None:
    with pytest.raises(InvalidInput) as entries:
        read(header() + header() + END, Limits(entries_max=1))
    with pytest.raises(InvalidInput) as size:
        read(header(size=5000) + bytes(5120) + END, Limits(bytes_max=4000))
    assert "QUARTERDECK_LAYER_ENTRIES_MAX" in entries.value.hint
    assert "QUARTERDECK_LAYER_BYTES_MAX" in size.value.hint


def test_what_follows_the_end_counts_too() -> None:
    reader = Reader(io.BytesIO(header() + END + bytes(4 << 20)), Limits(bytes_max=2 << 20))
    with pytest.raises(InvalidInput, match="more than 2097152 bytes"):
        list(reader)
        reader.drain()
