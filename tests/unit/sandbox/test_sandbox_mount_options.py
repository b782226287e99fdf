"""Words of mount options, and what they make of a bind mount."""

import pytest

from engine.kernel import const
from engine.sandbox import attributes
from engine.sandbox.attributes import Attributes
from engine.sandbox.options import KNOWN, parse

ALL = (
    const.MOUNT_ATTR_RDONLY
    | const.MOUNT_ATTR_NOSUID
    | const.MOUNT_ATTR_NODEV
    | const.MOUNT_ATTR_NOEXEC
    | const.MOUNT_ATTR_NOSYMFOLLOW
)
RELATIME = const.MS_RELATIME


def test_words_become_flags_and_the_rest_is_for_the_file_system() -> None:
    parsed = parse(["nosuid", "ro", "size=64m", "mode=755", "noexec"])
    assert parsed.flags == const.MS_NOSUID | const.MS_RDONLY | const.MS_NOEXEC
    assert parsed.data == "size=64m,mode=755"


def test_a_later_word_undoes_an_earlier_one() -> None:
    assert parse(["noexec", "nodev", "exec"]).flags == const.MS_NODEV
    assert parse(["ro", "rw"]).flags == 0
    assert parse(["rw", "ro"]).cleared == 0
    assert parse(["rro", "rrw"]).set_below == 0


def test_propagation_keeps_its_order_and_how_far_it_goes() -> None:
    assert parse(["rslave", "shared"]).propagation == (const.MS_SLAVE | const.MS_REC, const.MS_SHARED)


def test_rbind_takes_what_is_mounted_below_and_bind_does_not() -> None:
    assert parse(["rbind"]).recursive
    assert not parse(["bind"]).recursive
    assert parse(["bind"]).bind


def test_every_known_word_is_taken_from_the_file_system() -> None:
    assert not [word for word in KNOWN if parse([word]).data]


def test_a_recursive_time_is_one_of_three_and_replaces_the_others() -> None:
    parsed = parse(["rnoatime", "rstrictatime"])
    assert parsed.set_below == const.MOUNT_ATTR_STRICTATIME
    assert parsed.clear_below == const.MOUNT_ATTR__ATIME
    assert parse(["ratime"]).set_below == const.MOUNT_ATTR_RELATIME


def test_a_bind_without_flags_keeps_those_of_its_source() -> None:
    assert attributes.exact(parse(["rbind", "rprivate", "rro"])) is None


def test_a_bind_with_any_flag_has_exactly_the_named_ones() -> None:
    found = attributes.exact(parse(["rbind", "ro", "nodev"]))
    assert found is not None
    assert found.wanted == const.MOUNT_ATTR_RDONLY | const.MOUNT_ATTR_NODEV
    assert found.unwanted == ALL & ~found.wanted
    assert attributes.exact(parse(["bind", "suid"])) == Attributes(0, ALL)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["relatime"], const.MOUNT_ATTR_RELATIME),
        (["noatime"], const.MOUNT_ATTR_NOATIME),
        (["strictatime", "noatime"], const.MOUNT_ATTR_STRICTATIME),
        (["nodiratime", "norelatime"], const.MOUNT_ATTR_NODIRATIME),
        (["nodiratime", "strictatime"], const.MOUNT_ATTR_NODIRATIME | const.MOUNT_ATTR_STRICTATIME),
    ],
)
def test_access_times_change_only_where_one_is_named(words: list[str], wanted: int) -> None:
    found = attributes.exact(parse(["bind", *words]))
    assert found is not None
    assert found.wanted == wanted
    assert found.unwanted & const.MOUNT_ATTR__ATIME == const.MOUNT_ATTR__ATIME


@pytest.mark.parametrize("words", [["bind", "atime"], ["bind", "norelatime"], ["bind", "ro"]])
def test_access_times_stay_where_one_is_only_cleared(words: list[str]) -> None:
    found = attributes.exact(parse(words))
    assert found is not None
    assert not (found.wanted | found.unwanted) & (const.MOUNT_ATTR__ATIME | const.MOUNT_ATTR_NODIRATIME)


def test_locked_flags_are_kept_where_nothing_is_said_about_them() -> None:
    found = attributes.locked(parse(["bind", "nosuid"]), const.MS_RDONLY | const.MS_NODEV | RELATIME)
    assert found.wanted == const.MOUNT_ATTR_RDONLY | const.MOUNT_ATTR_NODEV | const.MOUNT_ATTR_NOSUID


def test_a_flag_that_nobody_can_lock_is_cleared_all_the_same() -> None:
    found = attributes.locked(parse(["bind", "dev"]), const.MS_RDONLY | RELATIME)
    assert found.unwanted & const.MOUNT_ATTR_NOSYMFOLLOW


@pytest.mark.parametrize(
    ("words", "source"),
    [
        (["rw"], const.MS_RDONLY | RELATIME),
        (["exec"], const.MS_NOEXEC | RELATIME),
        (["strictatime"], RELATIME),
        (["noatime"], const.MS_NODIRATIME | RELATIME),
        (["atime", "suid"], const.MS_NOSUID | const.MS_NOATIME),
    ],
)
def test_what_would_lift_a_locked_flag_is_refused(words: list[str], source: int) -> None:
    with pytest.raises(PermissionError):
        attributes.locked(parse(["bind", *words]), source)


def test_words_that_ask_for_what_is_locked_anyway_are_granted() -> None:
    found = attributes.locked(parse(["bind", "ro", "noatime"]), const.MS_RDONLY | const.MS_NOATIME)
    assert found.wanted == const.MOUNT_ATTR_RDONLY | const.MOUNT_ATTR_NOATIME
