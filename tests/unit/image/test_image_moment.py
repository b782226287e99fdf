"""When an image is made."""

import pytest

from engine.errors import InvalidInput
from engine.image import moment, oci


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_700_000_000_000_000_000, "2023-11-14T22:13:20Z"),
        (1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456789Z"),
        (1_700_000_000_500_000_000, "2023-11-14T22:13:20.5Z"),
    ],
)
def test_a_time_is_written_as_other_tools_write_it(time_ns: int, text: str) -> None:
    assert moment.written(time_ns) == text


def test_the_environment_may_say_when_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert moment.now() == "1970-01-02T00:00:00Z"


def test_else_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    before = oci.time_ns(moment.now())
    assert before <= oci.time_ns(moment.now())


@pytest.mark.parametrize("text", ["soon", "-1", "1.5", "9" * 13, "999999999999", "\u0661"])
def test_a_time_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(InvalidInput, match="SOURCE_DATE_EPOCH"):
        moment.now()
