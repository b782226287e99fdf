"""Sockets from the kernel's own texts, as an x86 kernel writes them; the columns after the timer are left out."""

import sys

import pytest

from engine.network.sight import sockets

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="needs the order of bytes of the recorded texts")

TCP = """\
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000
   1: 020011AC:9C40 030011AC:1538 01 00000000:00000000 00:00000000
   2: 020011AC:9C42 030011AC:1538 06 00000000:00000000 03:000010A3
""".splitlines()
TCP6 = """\
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000
   1: 0000000000000000FFFF0000020011AC:0050 0000000000000000FFFF0000010011AC:CF08 01 00000000:00000000 00:00000000
   2: 000000FD000000000000000002000000:01BB 000000FD000000000000000003000000:9C40 08 00000000:00000000 00:00000000
""".splitlines()
UDP = """\
  731: 0B00007F:8235 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1821 2 00000000f8 0
  732: 020011AC:8236 08080808:0035 01 00000000:00000000 00:00000000
""".splitlines()


def ends(protocol: str, lines: list[str]) -> list[tuple[str, int, str, int, str]]:
    found = sockets.parse(protocol, lines)
    return [(one.address, one.port, one.far_address, one.far_port, one.state) for one in found]


def test_each_line_is_a_socket_with_its_ends_and_its_state() -> None:
    assert ends("tcp", TCP) == [
        ("0.0.0.0", 80, "", 0, "LISTEN"),
        ("172.17.0.2", 40000, "172.17.0.3", 5432, "ESTABLISHED"),
        ("172.17.0.2", 40002, "172.17.0.3", 5432, "TIME_WAIT"),
    ]


def test_an_ipv4_address_on_a_socket_of_ipv6_is_shown_as_what_it_is() -> None:
    assert ends("tcp", TCP6) == [
        ("::", 8080, "", 0, "LISTEN"),
        ("172.17.0.2", 80, "172.17.0.1", 53000, "ESTABLISHED"),
        ("fd00::2", 443, "fd00::3", 40000, "CLOSE_WAIT"),
    ]


def test_udp_has_words_of_its_own() -> None:
    assert ends("udp", UDP) == [
        ("127.0.0.11", 33333, "", 0, "UNCONN"),
        ("172.17.0.2", 33334, "8.8.8.8", 53, "ESTABLISHED"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "0: 1",
        "0: 00000000:0050 00000000:0000 XX",
        "0: 0000:0050 00000000:0000 0A",
        "0: 00000000:5 00000000:0000 0A",
    ],
)
def test_a_line_in_another_form_is_passed_over(line: str) -> None:
    assert ends("tcp", [line, *TCP[:1]]) == [("0.0.0.0", 80, "", 0, "LISTEN")]


def test_a_state_that_a_newer_kernel_has_is_no_failure() -> None:
    assert ends("tcp", [TCP[0].replace(" 0A ", " 1F ")])[0][-1] == "UNKNOWN"


def test_no_more_lines_are_read_than_there_is_room_for(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "LIMIT", 2)
    (tmp_path / "tcp").write_text("head\n" + "\n".join(TCP) + "\n")
    assert len(sockets._lines(str(tmp_path / "tcp"))) == 3
    assert sockets._lines(str(tmp_path / "tcp6")) == []
    with pytest.raises(FileNotFoundError):
        sockets._lines(str(tmp_path / "udp"))
