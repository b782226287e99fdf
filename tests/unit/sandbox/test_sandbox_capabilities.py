"""Names and masks of capabilities, and limits."""

import pytest

from engine.errors import InvalidInput
from engine.sandbox import capabilities, security
from engine.sandbox.capabilities import DEFAULT, NAMES, canonical, combine, mask, names
from engine.sandbox.limits import UNLIMITED, clamp


def test_a_name_is_written_in_many_ways() -> None:
    assert {canonical(name) for name in ("NET_ADMIN", "cap_net_admin", " Net_Admin ")} == {"CAP_NET_ADMIN"}


@pytest.mark.parametrize("name", ["", "NET", "CAP_", "CAP_CAP_KILL"])
def test_what_is_no_capability_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        canonical(name)


def test_the_default_set_is_the_one_that_docker_shows_without_raw_sockets() -> None:
    assert mask(DEFAULT) == 0xA80425FB & ~mask(["NET_RAW"])


@pytest.mark.parametrize(
    ("add", "drop", "expected"),
    [
        ((), (), set(DEFAULT)),
        (("NET_ADMIN",), (), {*DEFAULT, "CAP_NET_ADMIN"}),
        ((), ("CHOWN",), set(DEFAULT) - {"CAP_CHOWN"}),
        (("CHOWN",), ("CHOWN",), set(DEFAULT) - {"CAP_CHOWN"}),
        (("ALL",), (), set(NAMES)),
        (("ALL",), ("SYS_ADMIN",), set(NAMES) - {"CAP_SYS_ADMIN"}),
        ((), ("ALL",), set()),
        (("KILL",), ("all",), {"CAP_KILL"}),
    ],
)
def test_adding_and_dropping_combine(add: tuple[str, ...], drop: tuple[str, ...], expected: set[str]) -> None:
    assert set(combine(add, drop)) == expected


def test_masks_and_names_are_each_others_inverse() -> None:
    assert names(mask(DEFAULT)) == tuple(name for name in NAMES if name in DEFAULT)
    assert names(1 << 63) == ()


def test_there_are_as_many_as_the_kernel_header_has() -> None:
    assert (len(NAMES), NAMES.index("CAP_CHECKPOINT_RESTORE")) == (41, 40)


def test_sets_of_a_spec_become_masks() -> None:
    sets = security.parse_sets({"bounding": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_KILL"]})
    assert (sets.bounding, sets.effective, sets.permitted) == (0b100001, 0b100000, 0)


def test_a_strange_name_in_a_spec_is_passed_over() -> None:
    assert security.parse_sets({"bounding": ["CAP_NONESUCH", "chown"]}).bounding == 0


@pytest.mark.parametrize(
    ("wanted", "highest", "expected"),
    [
        ((10, 20), 100, (10, 20)),
        ((10, 200), 100, (10, 100)),
        ((150, 200), 100, (100, 100)),
        ((-1, -1), 100, (100, 100)),
        ((10, UNLIMITED), -1, (10, UNLIMITED)),
        ((-1, -1), -1, (UNLIMITED, UNLIMITED)),
    ],
)
def test_a_limit_comes_as_close_as_may_be(wanted: tuple[int, int], highest: int, expected: tuple[int, int]) -> None:
    assert clamp(*wanted, highest) == expected


def test_privileged_asks_for_every_name() -> None:
    assert mask(capabilities.NAMES) == security._EVERY
