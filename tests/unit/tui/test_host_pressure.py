"""The host's pressure, from the kernel's own text."""

import pytest

from tui import host

# Linux 6.18, /proc/pressure/cpu.
CPU = """\
some avg10=1.53 avg60=2.10 avg300=1.11 total=123456789
full avg10=0.00 avg60=0.00 avg300=0.00 total=0
"""


def test_pressure_is_the_share_of_the_last_ten_seconds():
    assert host.parse_pressure(CPU) == pytest.approx(0.0153)


@pytest.mark.parametrize("text", ["", "full avg10=0.00", "some avg60=1.0", "some avg10=x"])
def test_another_text_is_an_error_for_the_caller(text):
    with pytest.raises(ValueError):
        host.parse_pressure(text)


def test_a_kernel_without_pressure_says_nothing(tmp_path):
    assert host.pressure(str(tmp_path)) == {}


def test_what_can_be_read_is_told(tmp_path):
    (tmp_path / "cpu").write_text(CPU)
    (tmp_path / "io").write_text("nonsense")
    assert list(host.pressure(str(tmp_path))) == ["cpu"]


def test_the_host_can_be_measured():
    sample = host.HostSampler().sample()
    assert 0 < sample.memory_bytes < sample.memory_total_bytes
    assert sample.cpus >= 1
