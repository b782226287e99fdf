"""The ids of containers' user namespaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError, InvalidInput
from engine.supervise import userids
from engine.supervise.userids import SIZE, UNUSED


def test_the_lowest_free_ids_are_taken() -> None:
    pool = [range(100, 200)]
    assert userids.allocate([], 10, pool) == range(100, 110)
    assert userids.allocate([range(100, 110), range(120, 200)], 10, pool) == range(110, 120)


def test_a_gap_that_is_too_small_is_passed_over() -> None:
    assert userids.allocate([range(100, 110), range(115, 120)], 10, [range(100, 200)]) == range(120, 130)


def test_the_next_range_of_the_pool_is_used_when_one_is_full() -> None:
    assert userids.allocate([range(10)], 5, [range(10), range(50, 60)]) == range(50, 55)


def test_ids_that_overlap_the_pool_from_outside_count() -> None:
    assert userids.allocate([range(90, 105)], 5, [range(100, 120)]) == range(105, 110)


def test_no_room_is_told_with_the_way_out() -> None:
    with pytest.raises(EngineError, match="no 11 user ids left") as caught:
        userids.allocate([], 11, [range(10)])
    assert "--userns host" in caught.value.hint


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 50))), st.integers(1, 60))
def test_what_is_taken_never_meets_what_is_in_use(taken: list[tuple[int, int]], size: int) -> None:
    used = [range(start, start + count) for start, count in taken]
    pool = [range(200), range(300, 400)]
    try:
        found = userids.allocate(used, size, pool)
    except EngineError:
        found = None
    free = set().union(*pool).difference(*used)
    if found is None:
        assert not any(set(range(start, start + size)) <= free for start in free)
    else:
        assert len(found) == size
        assert set(found) <= free


def test_ids_that_the_administrator_gives_are_used() -> None:
    text = "root:1:5\ncontainers:200000:131072\n"
    assert userids.pool(text, text) == [range(200_000, 331_072)]


def test_ranges_must_be_given_for_users_and_groups_alike() -> None:
    found = userids.pool("containers:100:10\ncontainers:500:10\n", "containers:500:10\n")
    assert found == [range(500, 510)]


def test_the_word_of_podman_comes_before_our_own() -> None:
    text = "quarterdeck:1:1\ncontainers:2:2\n"
    assert userids.pool(text, text) == [range(2, 4)]
    assert userids.pool("quarterdeck:1:1", "quarterdeck:1:1") == [range(1, 2)]


@pytest.mark.parametrize("text", ["", "#x\n", "containers\n", "containers:a:b\n", "containers:1\n", "user:1:5\n"])
def test_without_them_what_nobody_uses_is_used_whole(text: str) -> None:
    found = userids.pool(text, text, "seed")
    assert sum(len(ids) for ids in found) == len(UNUSED)
    assert {found[0].stop, found[1].start} == {UNUSED.stop, UNUSED.start}
    assert (found[0].start - UNUSED.start) % SIZE == 0


def test_engines_begin_in_different_places_and_each_always_in_the_same() -> None:
    assert userids.pool("", "", "a") == userids.pool("", "", "a")
    assert userids.pool("", "", "a") != userids.pool("", "", "b")


@pytest.mark.parametrize(
    ("userns", "privileged", "size"),
    [
        ("", False, SIZE),
        ("", True, 0),
        ("host", False, 0),
        ("private", True, SIZE),
        ("auto", False, SIZE),
        ("auto:size=1", False, 1),
        ("auto:size=16777216", False, 1 << 24),
        ("container:other", False, 0),
    ],
)
def test_how_many_ids_a_container_gets(userns: str, privileged: bool, size: int) -> None:
    assert userids.wanted(userns, privileged) == size


@pytest.mark.parametrize(
    "userns", ["auto:size=0", "auto:size=16777217", "auto:size=", "auto:size=x", "auto:gidmapping=1", "ns:/x", "HOST"]
)
def test_what_cannot_be_had_is_refused(userns: str) -> None:
    with pytest.raises(InvalidInput, match="is not known"):
        userids.wanted(userns, False)


def test_what_only_users_need_is_told_as_such() -> None:
    with pytest.raises(InvalidInput, match="for users who are not root"):
        userids.wanted("keep-id", False)
