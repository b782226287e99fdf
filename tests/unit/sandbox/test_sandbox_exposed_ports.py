"""The ports that an image says its program listens on."""

import pytest

from engine.errors import InvalidInput
from engine.sandbox import image_config


def ports(*texts: str) -> tuple[str, ...]:
    return image_config.read({"config": {"ExposedPorts": {text: {} for text in texts}}}).ports


def test_a_port_without_a_protocol_is_tcp_and_a_range_is_each_of_it() -> None:
    assert ports("80", "53/udp", "8000-8002/tcp") == ("80/tcp", "53/udp", "8000/tcp", "8001/tcp", "8002/tcp")


@pytest.mark.parametrize("text", ["", "0", "65536", "80/icmp", "90-80", "80/tcp;x", "-1", "1-60000", "٣"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="no port"):
        ports(text)
