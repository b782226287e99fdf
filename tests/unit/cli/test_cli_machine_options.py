"""`--device` and `--sysctl`, as an operator types them."""

import pytest

from engine.cli.parse.device import parse_device, parse_sysctls
from engine.errors import InvalidInput
from engine.model import Device


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/dev/fuse", Device(source="/dev/fuse", target="/dev/fuse")),
        ("/dev/fuse:r", Device(source="/dev/fuse", target="/dev/fuse", access="r")),
        ("/dev/a:/dev/b", Device(source="/dev/a", target="/dev/b")),
        ("/dev/a:/dev/b:rm", Device(source="/dev/a", target="/dev/b", access="rm")),
    ],
)
def test_a_device_has_a_place_and_an_access(text: str, expected: Device) -> None:
    assert parse_device(text) == expected


@pytest.mark.parametrize("text", ["", ":/b", "/a:/b:x", "/a:/b:r:w", "/a::r"])
def test_what_is_no_device_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_device(text)


def test_kernel_parameters_are_pairs() -> None:
    assert parse_sysctls(["a.b=1", "c=d=e", "f="]) == {"a.b": "1", "c": "d=e", "f": ""}
    for text in ("a.b", "=1"):
        with pytest.raises(InvalidInput):
            parse_sysctls([text])
