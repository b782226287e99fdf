"""What real kernels write (5.10 and 6.18 for v1, 6.1 and 6.12 for v2), as readings."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cgroup import stats
from engine.cgroup.protocol import Source
from engine.cgroup.sampler import Sampler

V1_CPU_STAT = "nr_periods 11\nnr_throttled 10\nthrottled_time 788810123\nnr_bursts 0\nburst_time 0\n"
V1_OOM_CONTROL = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"
V1_MEMORY_STAT = """cache 69632
rss 122880
rss_huge 0
shmem 0
mapped_file 65536
dirty 0
writeback 0
swap 0
pgpgin 118
inactive_anon 122880
active_anon 0
inactive_file 4096
active_file 65536
unevictable 0
hierarchical_memory_limit 67108864
hierarchical_memsw_limit 134217728
total_cache 73728
total_rss 122880
total_swap 8192
total_inactive_anon 122880
total_active_anon 0
total_inactive_file 8192
total_active_file 65536
total_unevictable 0
"""
V1_BLKIO = """254:0 Read 98304
254:0 Write 4096
254:0 Sync 102400
254:0 Async 0
254:0 Discard 0
254:0 Total 102400
8:16 Read 1000
8:16 Write 0
8:16 Total 1000
Total 103400
"""
V2_CPU_STAT = """usage_usec 1144625
user_usec 771657
system_usec 372967
nice_usec 0
nr_periods 12
nr_throttled 3
throttled_usec 45678
nr_bursts 0
burst_usec 0
"""
V2_CPU_STAT_WITHOUT_CONTROLLER = "usage_usec 1144625\nuser_usec 771657\nsystem_usec 372967\nnice_usec 0\n"
V2_MEMORY_STAT = """anon 229376
file 651264
kernel 319488
kernel_stack 16384
shmem 0
file_mapped 241664
inactive_anon 0
active_anon 204800
inactive_file 90112
active_file 561152
unevictable 0
slab_reclaimable 134432
slab_unreclaimable 48288
slab 182720
workingset_refault_anon 0
pgfault 1920
"""
V2_MEMORY_EVENTS = "low 0\nhigh 0\nmax 17\noom 1\noom_kill 1\noom_group_kill 0\n"
V2_IO_STAT = """254:0 rbytes=98304 wbytes=4096 rios=10 wios=1 dbytes=0 dios=0
8:16 rbytes=1000 wbytes=0 rios=1 wios=0 dbytes=0 dios=0
7:0 \n"""


def test_v1_cpu_times_are_microseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats, "_TICKS", 100)
    assert stats.reads("cpu_usec", 1000)("209705123\n") == {"cpu_usec": 209705}
    assert stats.v1_cpuacct_stat("user 20\nsystem 3\n") == {"cpu_user_usec": 200_000, "cpu_system_usec": 30_000}


def test_throttling_is_read_on_both_versions() -> None:
    assert stats.v1_cpu_stat(V1_CPU_STAT) == {"periods": 11, "throttled_periods": 10, "throttled_usec": 788810}
    v2 = stats.v2_cpu_stat(V2_CPU_STAT)
    assert (v2["periods"], v2["throttled_periods"], v2["throttled_usec"]) == (12, 3, 45678)
    assert (v2["cpu_usec"], v2["cpu_user_usec"], v2["cpu_system_usec"]) == (1144625, 771657, 372967)


def test_v2_without_the_cpu_controller_still_tells_the_time() -> None:
    readings = stats.v2_cpu_stat(V2_CPU_STAT_WITHOUT_CONTROLLER)
    assert readings["cpu_usec"] == 1144625
    assert readings["periods"] == 0


def test_v1_memory_counts_nested_cgroups() -> None:
    expected = {"inactive_file_bytes": 8192, "memory_cache_bytes": 73728, "swap_bytes": 8192}
    assert stats.v1_memory_stat(V1_MEMORY_STAT) == expected


def test_v2_memory_tells_the_file_cache() -> None:
    assert stats.v2_memory_stat(V2_MEMORY_STAT) == {"inactive_file_bytes": 90112, "memory_cache_bytes": 651264}


def test_kills_for_memory_are_counted_on_both_versions() -> None:
    assert stats.oom_kills(V1_OOM_CONTROL) == {"oom_kills": 2}
    assert stats.oom_kills(V2_MEMORY_EVENTS) == {"oom_kills": 1}


def test_kernels_before_4_13_count_no_kills() -> None:
    assert stats.oom_kills("oom_kill_disable 0\nunder_oom 0\n") == {"oom_kills": 0}


def test_bytes_of_all_devices_are_added_up() -> None:
    assert stats.v1_blkio(V1_BLKIO) == {"read_bytes": 99304, "write_bytes": 4096}
    assert stats.v2_io_stat(V2_IO_STAT) == {"read_bytes": 99304, "write_bytes": 4096}


def test_a_fresh_cgroup_has_moved_no_bytes() -> None:
    assert stats.v1_blkio("Total 0\n") == {"read_bytes": 0, "write_bytes": 0}
    assert stats.v2_io_stat("") == {"read_bytes": 0, "write_bytes": 0}


@pytest.mark.parametrize("text", ["max\n", "9223372036854771712\n", "9223372036854710272\n", "", "garbage"])
def test_no_limit_is_none_with_every_page_size(text: str) -> None:
    assert stats.number(text) is None


def test_a_limit_is_its_number() -> None:
    assert stats.number("67108864\n") == 67108864


def test_what_can_be_given_back_is_not_needed() -> None:
    assert stats.unreclaimable(1_000_000, V2_MEMORY_STAT) == 1_000_000 - 90112 - 561152 - 134432
    assert stats.unreclaimable(5, V2_MEMORY_STAT) == 0


PARSERS = [
    stats.reads("pids"),
    stats.v1_cpuacct_stat,
    stats.v1_cpu_stat,
    stats.v1_memory_stat,
    stats.v1_blkio,
    stats.oom_kills,
    stats.v2_cpu_stat,
    stats.v2_memory_stat,
    stats.v2_io_stat,
]


@given(st.text(alphabet=st.sampled_from("abz _:=0123456789-\n\t\0é²"), max_size=200))
def test_no_text_breaks_a_parser(text: str) -> None:
    for parse in PARSERS:
        assert all(value is None or value >= 0 for value in parse(text).values())


def test_a_sample_leaves_out_the_cache_that_is_given_back_first(tmp_path: Path) -> None:
    (tmp_path / "usage").write_text("1000000\n")
    (tmp_path / "stat").write_text("inactive_file 400000\nfile 500000\n")
    sources = [
        Source(str(tmp_path / "usage"), stats.reads("memory_bytes")),
        Source(str(tmp_path / "stat"), stats.v2_memory_stat),
        Source(str(tmp_path / "missing"), stats.reads("pids")),
    ]
    sampler = Sampler(sources)
    sample = sampler.sample()
    sampler.close()
    sampler.close()
    assert (sample.memory_bytes, sample.memory_cache_bytes, sample.pids) == (600000, 500000, 0)


def test_a_sample_shows_a_limit_that_was_taken_off(tmp_path: Path) -> None:
    file = tmp_path / "max"
    file.write_text("50\n")
    sampler = Sampler([Source(str(file), stats.reads("pids_limit"))])
    assert sampler.sample().pids_limit == 50
    file.write_text("max\n")
    assert sampler.sample().pids_limit is None
    sampler.close()


def test_the_peak_is_what_was_seen_where_the_kernel_keeps_none(tmp_path: Path) -> None:
    file = tmp_path / "memory.current"
    sampler = Sampler([Source(str(file), stats.reads("memory_bytes"))])
    assert sampler.sample().memory_peak_bytes == 0
    sampler.close()
    file.write_text("5000\n")
    sampler = Sampler([Source(str(file), stats.reads("memory_bytes"))])
    sampler.sample()
    file.write_text("10\n")
    assert (sampler.sample().memory_bytes, sampler.sample().memory_peak_bytes) == (10, 5000)
    sampler.close()
