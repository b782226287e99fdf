"""--network-bandwidth: each way is as slow as was asked, and the other is not."""

from collections.abc import Callable

import pytest
from support import peer
from support.boxes import BASE, Boxes
from support.deck import Outcome
from support.netlab import OTHER, Lab

SIZE = 1 << 20
SLOW = "in=8m,out=4m"
SLACK = 3.0
"""A shaped megabyte takes one or two seconds and one that is not a few milliseconds: ratios tell, times do not."""


def _receive_seconds(lab: Lab, address: str) -> float:
    """How long the host takes to send it a megabyte."""
    with lab.host.enter():
        return peer.send(address, 80, SIZE)


@pytest.mark.parametrize("network", ["bridge", "street"])
def test_each_way_has_its_own_limit(lab: Lab, boxes: Boxes, out: Callable[..., str], network: str) -> None:
    options = ("--subnet", "10.99.0.0/24", "--ipv6")
    if network != "bridge":
        out("network", "create", *options, network)
    lab.other.serve("tcp", 80)
    free, slow = (
        boxes.serve("free", "--network", network),
        boxes.serve("slow", "--network", network, "--network-bandwidth", SLOW),
    )
    out_free = boxes.send_seconds("free", OTHER, 80, SIZE)
    out_slow = boxes.send_seconds("slow", OTHER, 80, SIZE)
    into_free, into_slow = _receive_seconds(lab, free), _receive_seconds(lab, slow)
    assert out_slow > SLACK * out_free
    assert into_slow > SLACK * into_free
    assert out_slow > 1.2 * into_slow, "it was to send at half the rate at which it receives"


def test_a_limit_of_one_way_leaves_the_other_alone(lab: Lab, boxes: Boxes) -> None:
    lab.other.serve("tcp", 80)
    slow = boxes.serve("slow", "--network-bandwidth", "out=4m")
    assert boxes.send_seconds("slow", OTHER, 80, SIZE) > SLACK * _receive_seconds(lab, slow)


def test_a_restarted_container_has_its_limit_again_and_a_removed_one_leaves_nothing(
    lab: Lab, boxes: Boxes, out: Callable[..., str]
) -> None:
    lab.other.serve("tcp", 80)
    boxes.serve("free")
    boxes.serve("slow", "--network-bandwidth", SLOW)
    out("restart", "-t", "0", "slow")
    boxes.until_ready("slow")
    assert boxes.send_seconds("slow", OTHER, 80, SIZE) > SLACK * boxes.send_seconds("free", OTHER, 80, SIZE)


def test_what_is_no_rate_is_refused(qd: Callable[..., Outcome]) -> None:
    for text in ("in=fast", "sideways=1m", "in=0"):
        outcome = qd("run", "--rm", "--network-bandwidth", text, BASE, "true")
        assert outcome.code != 0
        assert "bandwidth" in outcome.err or text.partition("=")[2] in outcome.err
