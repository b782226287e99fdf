"""A session keyring of the container's own, so that its programs see no key of the host's. Standard library only."""

import errno
from typing import Final

from engine.kernel import keys
from engine.sandbox import labels

_ABSENT: Final = (errno.ENOSYS, errno.EPERM, errno.EDQUOT)
"""A kernel without keys, an outer container's seccomp filter, a quota that is used up: no keys, so nothing to hide."""
SEARCH_BY_USER: Final = 0x80000
"""KEY_USR_SEARCH of keyctl_setperm(3)."""
SEARCH_BY_OTHERS: Final = 0x8
"""KEY_OTH_SEARCH: in a user namespace the container's root is another user than the one who made the keyring."""


def join(name: str, selinux: str, permissions: int) -> None:
    """Join the keyring of this name, or a new one; an empty name makes one that nobody else can join.

    `permissions` are added to those that it has. Raises OSError.
    """
    if selinux:
        labels.on_keyrings(selinux)
    try:
        serial = keys.join_session_keyring(name)
    except OSError as err:
        if err.errno not in _ABSENT:
            raise
        return
    finally:
        if selinux:
            labels.on_keyrings("")
    if name and serial:
        _grant(serial, permissions)


def _grant(serial: int, permissions: int) -> None:
    """Another process of the container must find it by its name."""
    present = int(keys.describe(serial).split(";")[3], 16)
    if present | permissions != present:
        keys.set_permissions(serial, present | permissions)
