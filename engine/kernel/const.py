"""Numbers of the kernel's interface, grouped by the man page that names them."""

import os
from typing import Final

# clone(2), unshare(2), setns(2)
CLONE_PIDFD: Final = 0x0000_1000
CLONE_PARENT: Final = 0x0000_8000
CLONE_NEWTIME: Final = 0x0000_0080
CLONE_NEWNS: Final = 0x0002_0000
CLONE_NEWCGROUP: Final = 0x0200_0000
CLONE_NEWUTS: Final = 0x0400_0000
CLONE_NEWIPC: Final = 0x0800_0000
CLONE_NEWUSER: Final = 0x1000_0000
CLONE_NEWPID: Final = 0x2000_0000
CLONE_NEWNET: Final = 0x4000_0000
CLONE_INTO_CGROUP: Final = 0x2_0000_0000

# mount(2)
MS_RDONLY: Final = 1
MS_NOSUID: Final = 1 << 1
MS_NODEV: Final = 1 << 2
MS_NOEXEC: Final = 1 << 3
MS_SYNCHRONOUS: Final = 1 << 4
MS_REMOUNT: Final = 1 << 5
MS_MANDLOCK: Final = 1 << 6
MS_DIRSYNC: Final = 1 << 7
MS_NOSYMFOLLOW: Final = 1 << 8
MS_NOATIME: Final = 1 << 10
MS_NODIRATIME: Final = 1 << 11
MS_BIND: Final = 1 << 12
MS_MOVE: Final = 1 << 13
MS_REC: Final = 1 << 14
MS_SILENT: Final = 1 << 15
MS_UNBINDABLE: Final = 1 << 17
MS_PRIVATE: Final = 1 << 18
MS_SLAVE: Final = 1 << 19
MS_SHARED: Final = 1 << 20
MS_RELATIME: Final = 1 << 21
MS_I_VERSION: Final = 1 << 23
MS_STRICTATIME: Final = 1 << 24
MS_LAZYTIME: Final = 1 << 25

# umount2(2)
MNT_DETACH: Final = 1 << 1
UMOUNT_NOFOLLOW: Final = 1 << 3

# open_tree(2), move_mount(2), mount_setattr(2)
OPEN_TREE_CLONE: Final = 1
MOVE_MOUNT_F_EMPTY_PATH: Final = 0x04
MOVE_MOUNT_T_EMPTY_PATH: Final = 0x40
MOUNT_ATTR_RDONLY: Final = 0x01
MOUNT_ATTR_NOSUID: Final = 0x02
MOUNT_ATTR_NODEV: Final = 0x04
MOUNT_ATTR_NOEXEC: Final = 0x08
MOUNT_ATTR__ATIME: Final = 0x70
MOUNT_ATTR_RELATIME: Final = 0x00
MOUNT_ATTR_NOATIME: Final = 0x10
MOUNT_ATTR_STRICTATIME: Final = 0x20
MOUNT_ATTR_NODIRATIME: Final = 0x80
MOUNT_ATTR_IDMAP: Final = 0x10_0000
MOUNT_ATTR_NOSYMFOLLOW: Final = 0x20_0000

# openat(2): the flags that act on a descriptor alone
AT_FDCWD: Final = -100
AT_SYMLINK_NOFOLLOW: Final = 0x100
AT_EMPTY_PATH: Final = 0x1000
AT_RECURSIVE: Final = 0x8000

# openat2(2)
RESOLVE_NO_MAGICLINKS: Final = 0x02
RESOLVE_NO_SYMLINKS: Final = 0x04
RESOLVE_IN_ROOT: Final = 0x10

# statfs(2)
PROC_SUPER_MAGIC: Final = 0x9FA0
SYSFS_MAGIC: Final = 0x6265_6572
OVERLAYFS_SUPER_MAGIC: Final = 0x794C_7630
CGROUP_SUPER_MAGIC: Final = 0x27_E0EB
CGROUP2_SUPER_MAGIC: Final = 0x6367_7270
DEVPTS_SUPER_MAGIC: Final = 0x1CD1
MQUEUE_MAGIC: Final = 0x1980_0202

# close_range(2)
CLOSE_RANGE_CLOEXEC: Final = 1 << 2
FD_MAX: Final = 0xFFFF_FFFF

# prctl(2)
PR_SET_DUMPABLE: Final = 4
PR_SET_KEEPCAPS: Final = 8
PR_SET_NAME: Final = 15
PR_CAPBSET_DROP: Final = 24
PR_SET_CHILD_SUBREAPER: Final = 36
PR_SET_NO_NEW_PRIVS: Final = 38
PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_RAISE: Final = 2
PR_CAP_AMBIENT_CLEAR_ALL: Final = 4

# capset(2)
CAPABILITY_VERSION_3: Final = 0x2008_0522

# sigprocmask(2), signal(7)
SIG_SETMASK: Final = 2
SIGNAL_MAX: Final = 64
SIGNALS_OF_LIBC: Final = (32, 33)
"""Which libc keeps for its threads, and lets nobody set: nptl(7)."""
ALL_SIGNALS: Final = (1 << SIGNAL_MAX) - 1

# keyctl(2)
KEYCTL_JOIN_SESSION_KEYRING: Final = 1
KEYCTL_SETPERM: Final = 5
KEYCTL_DESCRIBE: Final = 6

# seccomp(2)
SECCOMP_SET_MODE_FILTER: Final = 1
SECCOMP_GET_ACTION_AVAIL: Final = 2
SECCOMP_FILTER_FLAG_LOG: Final = 1 << 1
SECCOMP_FILTER_FLAG_SPEC_ALLOW: Final = 1 << 2
SECCOMP_FILTER_FLAG_NEW_LISTENER: Final = 1 << 3
SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: Final = 1 << 5

# sched_setattr(2), ioprio_set(2)
SCHED_DEADLINE: Final = 6
IOPRIO_WHO_PROCESS: Final = 1
IOPRIO_CLASS_SHIFT: Final = 13

# ioctl_ns(2)
NS_GET_NSTYPE: Final = 0xB703

# netdevice(7)
SIOCGIFFLAGS: Final = 0x8913
SIOCSIFFLAGS: Final = 0x8914
IFF_UP: Final = 1

# ioctl_tty(2); equal on x86_64 and aarch64
TIOCSCTTY: Final = 0x540E
TIOCSWINSZ: Final = 0x5414
TIOCSPTLCK: Final = 0x4004_5431
TIOCGPTPEER: Final = 0x5441

# syscalls(2): those without a wrapper in every C library, or whose wrapper does more than the call
_X86_64: Final = {
    "rt_sigaction": 13,
    "rt_sigprocmask": 14,
    "clone": 56,
    "getcwd": 79,
    "setgroups": 116,
    "setresuid": 117,
    "setresgid": 119,
    "capget": 125,
    "capset": 126,
    "personality": 135,
    "pivot_root": 155,
    "sched_setaffinity": 203,
    "set_mempolicy": 238,
    "keyctl": 250,
    "ioprio_set": 251,
    "sched_setattr": 314,
    "seccomp": 317,
    "bpf": 321,
    "execveat": 322,
}
_AARCH64: Final = {
    "getcwd": 17,
    "ioprio_set": 30,
    "pivot_root": 41,
    "rt_sigaction": 134,
    "rt_sigprocmask": 135,
    "capget": 90,
    "capset": 91,
    "personality": 92,
    "sched_setaffinity": 122,
    "setresuid": 147,
    "setresgid": 149,
    "setgroups": 159,
    "keyctl": 219,
    "clone": 220,
    "set_mempolicy": 237,
    "sched_setattr": 274,
    "seccomp": 277,
    "bpf": 280,
    "execveat": 281,
}
_EVERYWHERE: Final = {
    "open_tree": 428,
    "move_mount": 429,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "clone3": 435,
    "close_range": 436,
    "openat2": 437,
    "mount_setattr": 442,
}
_TABLES: Final = {"x86_64": _X86_64, "aarch64": _AARCH64}
NUMBERS: Final[dict[str, int]] = {**_TABLES.get(os.uname().machine, {}), **_EVERYWHERE}
"""Call -> its number on this machine. Calls added since Linux 5.1 have one number on every architecture."""
