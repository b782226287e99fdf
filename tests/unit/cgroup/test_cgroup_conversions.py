"""Numbers of cgroup v1 as v2 takes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cgroup import convert


@pytest.mark.parametrize(
    ("shares", "weight"),
    [(2, 1), (102, 17), (512, 59), (1024, 100), (2048, 174), (65536, 3023), (262144, 10000)],
)
def test_shares_become_weights_on_the_curve_of_runc_and_crun(shares: int, weight: int) -> None:
    assert convert.weight_from_shares(shares) == weight


@given(st.integers(min_value=0, max_value=1 << 20), st.integers(min_value=0, max_value=1 << 20))
def test_more_shares_are_never_less_weight_and_always_a_valid_one(first: int, second: int) -> None:
    low, high = sorted((first, second))
    assert 1 <= convert.weight_from_shares(low) <= convert.weight_from_shares(high) <= 10_000


@pytest.mark.parametrize(("weight", "expected"), [(10, 1), (100, 910), (500, 4950), (1000, 10000)])
def test_block_weights_go_on_a_straight_line(weight: int, expected: int) -> None:
    assert convert.io_weight_from_blkio(weight) == expected


@pytest.mark.parametrize(
    ("memsw", "memory", "swap"), [(200, 100, 100), (100, 100, 0), (-1, 100, -1), (300, -1, 300), (-1, -1, -1)]
)
def test_swap_alone_is_the_rest(memsw: int, memory: int, swap: int) -> None:
    assert convert.swap_from_memsw(memsw, memory) == swap


def test_less_memory_and_swap_than_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="less than"):
        convert.swap_from_memsw(99, 100)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0-2,4\n", {0, 1, 2, 4}), ("", set()), ("7", {7}), ("0-1, 3", {0, 1, 3}), ("1,1", {1})],
)
def test_lists_of_cpus_are_understood(text: str, expected: set[int]) -> None:
    assert convert.parse_list(text) == expected


@pytest.mark.parametrize("text", ["a", "3-1", "-1", "0-", "0-99999999", "1-2-3"])
def test_what_is_no_list_of_cpus_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|literal"):
        convert.parse_list(text)
