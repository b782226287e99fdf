"""Who a program runs as: `--user` against the container's own passwd and group files. Standard library only.

The files are an image's, hence hostile: they are read up to a bound, lines that make no sense are passed over, and
numbers count only within the range of ids. Resolved in the container, after pivot_root.
"""

import os
import stat
from typing import Final, NamedTuple

from engine import errors
from engine.kernel import const, files, syscalls

ID_MAX: Final = 2**31 - 1
"""Docker's bound too; (uid_t)-1 means "unchanged" to the kernel and must never get there."""
GROUPS_MAX: Final = 1024
USER_ANNOTATION: Final = "org.quarterdeck.user"
"""The key of a spec's annotations with the user as it was asked for, empty for root: its account, with HOME and groups,
can only be looked up inside.
Without it `process.user` counts, as the OCI runtime-spec has it."""


class User(NamedTuple):
    """Ids, and a home."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    home: str = "/"


class _Account(NamedTuple):
    name: str
    uid: int
    gid: int
    home: str


class _Group(NamedTuple):
    name: str
    gid: int
    members: tuple[str, ...]


def resolve(user: str, passwd: str, group: str) -> User:
    """`uid`, `name`, `uid:gid` or `name:group` as ids; empty is root.

    A number that passwd does not know is taken as it is, with group 0. Without an explicit group the user's
    supplementary groups are those that list its name. Lines after the first are groups besides.
    Raises `InvalidInput` for a name that is not there and for a number out of range.
    """
    user, *more = user.split("\n")
    found = _resolve(user, passwd, group)
    besides = [gid for gid in (_gid(name, group) for name in more) if gid not in found.groups]
    return found._replace(groups=(*found.groups, *dict.fromkeys(besides)))


def _resolve(user: str, passwd: str, group: str) -> User:
    wanted, _, wanted_group = user.partition(":")
    account = _account(wanted or "0", passwd)
    if wanted_group:
        return User(account.uid, _gid(wanted_group, group), (), account.home)
    extra = [entry.gid for entry in _groups(group) if account.name and account.name in entry.members]
    return User(account.uid, account.gid, tuple(extra[:GROUPS_MAX]), account.home)


def resolve_inside(user: str) -> User:
    """`resolve` with the files of the root as it is now."""
    return resolve(user, read_small("/etc/passwd"), read_small("/etc/group"))


def home_inside(uid: int) -> str:
    """The home of the first account with this uid in the root as it is now; / where there is none."""
    return next((account.home for account in _accounts(read_small("/etc/passwd")) if account.uid == uid), "/")


def read_small(path: str) -> str:
    """A regular file of the container, up to a bound; empty where there is none, or something else in its place."""
    try:
        fd = syscalls.openat2(const.AT_FDCWD, path, os.O_RDONLY | os.O_NONBLOCK, const.RESOLVE_NO_MAGICLINKS)
    except OSError:
        return ""
    try:
        return files.read_all(fd) if stat.S_ISREG(os.fstat(fd).st_mode) else ""
    finally:
        os.close(fd)


def _account(wanted: str, passwd: str) -> _Account:
    """By name first, then by number, as Docker looks it up."""
    number = _number(wanted)
    found = None
    for entry in _accounts(passwd):
        if entry.name == wanted:
            return entry
        if found is None and entry.uid == number:
            found = entry
    if found is not None:
        return found
    if number is None:
        raise errors.InvalidInput(
            f"there is no user {wanted!r} in the container's /etc/passwd", hint="use a number, such as --user 1000"
        )
    return _Account("", number, 0, "/")


def _gid(wanted: str, text: str) -> int:
    number = _number(wanted)
    for entry in _groups(text):
        if wanted == entry.name:
            return entry.gid
    if number is None:
        raise errors.InvalidInput(
            f"there is no group {wanted!r} in the container's /etc/group", hint="use a number, such as --user 1000:1000"
        )
    return number


def _number(text: str) -> int | None:
    """An id; None for a name. Raises `InvalidInput` for a number out of range."""
    if not (text.isascii() and text.isdigit()):
        return None
    if len(text) > 10 or int(text) > ID_MAX:
        raise errors.InvalidInput(f"the id {text[:20]} is out of range", hint=f"ids go from 0 to {ID_MAX}")
    return int(text)


def _accounts(passwd: str) -> list[_Account]:
    rows = (line.split(":") for line in passwd.splitlines())
    return [
        _Account(row[0], int(row[2]), int(row[3]), row[5] or "/")
        for row in rows
        if len(row) >= 6 and _is_id(row[2]) and _is_id(row[3])
    ]


def _groups(text: str) -> list[_Group]:
    rows = (line.split(":") for line in text.splitlines())
    return [_Group(row[0], int(row[2]), tuple(row[3].split(","))) for row in rows if len(row) >= 4 and _is_id(row[2])]


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= ID_MAX
