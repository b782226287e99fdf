"""`--user` against passwd and group files."""

import pytest

from engine.errors import InvalidInput
from engine.sandbox.users import User, resolve

PASSWD = """root:x:0:0:root:/root:/bin/sh
bob:x:1000:100::/home/bob:/bin/sh
homeless:x:1001:1001:::/bin/sh
1234:x:55:55::/named:/bin/sh
twin:x:1000:7::/home/twin:/bin/sh
"""
GROUP = """root:x:0:
users:x:100:
mail:x:8:bob,root
audio:x:29:alice,bob
77:x:78:
"""


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("", User(0, 0, (8,), "/root")),
        ("root", User(0, 0, (8,), "/root")),
        ("bob", User(1000, 100, (8, 29), "/home/bob")),
        ("1000", User(1000, 100, (8, 29), "/home/bob")),
        ("4242", User(4242, 0, (), "/")),
        ("4242:99", User(4242, 99, (), "/")),
        ("bob:mail", User(1000, 8, (), "/home/bob")),
        ("bob:8", User(1000, 8, (), "/home/bob")),
        ("homeless", User(1001, 1001, (), "/")),
        ("1234", User(55, 55, (), "/named")),
        ("0:77", User(0, 78, (), "/root")),
        (":mail", User(0, 8, (), "/root")),
    ],
)
def test_a_user_becomes_ids_and_a_home(user: str, expected: User) -> None:
    assert resolve(user, PASSWD, GROUP) == expected


@pytest.mark.parametrize("user", ["alice", "bob:nonesuch", "-1", "+1", "1.5", "0x0", "٣", "bob:", " "])
def test_a_name_that_is_not_there_is_refused_or_its_empty_group_ignored(user: str) -> None:
    if user == "bob:":
        assert resolve(user, PASSWD, GROUP).gid == 100
        return
    with pytest.raises(InvalidInput, match="there is no"):
        resolve(user, PASSWD, GROUP)


@pytest.mark.parametrize("user", ["2147483648", "4294967295", "99999999999999999999", "0:4294967295"])
def test_an_id_out_of_range_is_refused(user: str) -> None:
    with pytest.raises(InvalidInput, match="out of range"):
        resolve(user, PASSWD, GROUP)


@pytest.mark.parametrize(
    "passwd",
    ["", "evil", "evil:x:4294967295:0::/:/", "evil:x:-1:0::/:/", "evil:x:0", "evil:x:0:99999999999::/:/", "\0"],
)
def test_a_line_of_a_hostile_passwd_that_makes_no_sense_names_nobody(passwd: str) -> None:
    with pytest.raises(InvalidInput):
        resolve("evil", passwd, "")


def test_a_hostile_group_file_gives_a_bounded_number_of_groups() -> None:
    group = "".join(f"g{number}:x:{number}:bob\n" for number in range(100_000))
    assert len(resolve("bob", PASSWD, group).groups) == 1024


def test_without_files_a_number_is_taken_as_it_is_and_root_is_zero() -> None:
    assert resolve("12", "", "") == User(12, 0, (), "/")
    assert resolve("", "", "") == User(0, 0, (), "/")
