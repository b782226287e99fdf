"""Which bytes an answer says that it has, and which are taken."""

import pytest

from engine.errors import InvalidInput
from engine.image.registry.ranges import check_content_range


@pytest.mark.parametrize(
    "header", ["bytes 100-999/1000", "bytes 100-999/*", " bytes 100-999/1000 ", "Bytes 100-500/1000"]
)
def test_a_part_from_the_byte_that_was_asked_for_is_taken(header: str) -> None:
    check_content_range(header, 100, 1000)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes",
        "bytes */1000",
        "bytes 0-999/1000",
        "bytes 99-999/1000",
        "bytes 101-999/1000",
        "bytes 100-1000/1000",
        "bytes 100-99/1000",
        "bytes 100-999/1001",
        "bytes 100-999/999",
        "bytes -100-999/1000",
        "bytes 100-999/1000, 0-1/2",
        "bytes 1e2-999/1000",
        "bytes \u0661\u0660\u0660-999/1000",
        "bytes 100-" + "9" * 30 + "/1000",
        "lines 100-999/1000",
    ],
)
def test_anything_else_is_refused(header: str) -> None:
    with pytest.raises(InvalidInput):
        check_content_range(header, 100, 1000)
