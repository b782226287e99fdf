"""keyctl(2): the session keyring of a container. Standard library only."""

import ctypes

from engine.kernel import const, syscalls

DESCRIPTION_MAX = 4096


def join_session_keyring(name: str) -> int:
    """KEYCTL_JOIN_SESSION_KEYRING: the keyring's serial number; an empty name makes an anonymous one.

    0 says that the keyring of this name is the process's own already.
    """
    return syscalls.raw("keyctl", name, const.KEYCTL_JOIN_SESSION_KEYRING, name.encode() or None)


def describe(serial: int) -> str:
    """KEYCTL_DESCRIBE: `type;uid;gid;permissions in hex;description`."""
    buffer = ctypes.create_string_buffer(DESCRIPTION_MAX)
    syscalls.raw("keyctl", serial, const.KEYCTL_DESCRIBE, serial, buffer, DESCRIPTION_MAX)
    return buffer.value.decode(errors="replace")


def set_permissions(serial: int, permissions: int) -> None:
    """KEYCTL_SETPERM."""
    syscalls.raw("keyctl", serial, const.KEYCTL_SETPERM, serial, permissions)
