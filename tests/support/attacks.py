"""What a hostile program tries. It runs inside a container: standard library only, and one line of JSON as its answer.

    python3 attacks.py NAME...      {"NAME": "done" or the errno's name, ...}

Calls have arguments that the kernel refuses after it has looked who is asking: they tell whether they were let through,
and do no harm where they are (a privileged container of the control is as good as the host).
"""

import ctypes
import errno
import json
import os
import socket
import sys
from collections.abc import Callable

CLONE_NEWUSER = 0x10000000
CALLS: dict[str, tuple[int, ...]] = {
    "bpf": (321, 0, 0, 0),
    "clone3": (435, 0, 0),
    "delete_module": (176, 0, 0),
    "fanotify_init": (300, 0xFFFFFFFF, 0),
    "fsopen": (430, 0, 0),
    "io_uring_setup": (425, 0, 0),
    "iopl": (172, 0),
    "kcmp": (312, 1, 1, 99, 0, 0),
    "kexec_load": (246, 0, 99, 0, 0),
    "keyctl": (250, 0, -1, 0, 0, 0),
    "mount_setattr": (442, -1, 0, 0xFFFF, 0, 0),
    "move_mount": (429, -1, 0, -1, 0, 0xFFFF),
    "open_by_handle_at": (304, -1, 0, 0),
    "open_tree": (428, -1, 0, 0xFFFFFFFF),
    "perf_event_open": (298, 0, 0, 0, 0, 0),
    "personality": (135, 0x0040000),
    "pivot_root": (155, 0, 0),
    "quotactl": (179, 0xFFFF, 0, 0, 0),
    "reboot": (169, 0, 0, 0, 0),
    "setns": (308, -1, 0),
    "settimeofday": (164, 0, 0),
    "swapon": (167, 0, 0),
    "syslog": (103, 10, 0, 0),
    "unshare": (272, CLONE_NEWUSER),
    "userfaultfd": (323, 0xFFFF),
}
"""Name -> number of x86_64 and arguments."""
SOCKETS: dict[str, tuple[int, int, int]] = {
    "AF_ALG": (38, socket.SOCK_SEQPACKET, 0),
    "AF_INET raw": (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "AF_PACKET": (17, socket.SOCK_RAW, 0),
    "AF_VSOCK": (40, socket.SOCK_STREAM, 0),
}
KNOBS = """/proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sysrq-trigger /proc/sys/vm/panic_on_oom
/proc/sys/kernel/hotplug /sys/kernel/uevent_helper /proc/sys/fs/binfmt_misc/register /proc/irq/default_smp_affinity
/sys/kernel/mm/transparent_hugepage/enabled /sys/module/kernel/parameters/panic""".split()
"""Files by which root of the host makes the kernel run programs or stop; they are opened for writing, not written."""
_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str) -> None:
    """A system call. Raises OSError."""
    number, *arguments = CALLS[name]
    if _libc.syscall(number, *map(ctypes.c_long, arguments)) < 0:
        raise OSError(ctypes.get_errno(), name)


def mount(kind: str, options: str = "") -> None:
    """Mount a new file system of this kind. Raises OSError."""
    os.makedirs("/tmp/mounted", exist_ok=True)
    if _libc.mount(b"none", b"/tmp/mounted", kind.encode(), 0, options.encode()) < 0:
        raise OSError(ctypes.get_errno(), kind)


def node(path: str = "/tmp/disk", major: int = 8, minor: int = 0) -> None:
    """A node for a disk of the host, opened. Raises OSError."""
    os.mknod(path, 0o600 | 0o060000, os.makedev(major, minor))
    os.close(os.open(path, os.O_RDONLY))


def writable(path: str) -> None:
    """Whether a file opens for writing. Raises OSError."""
    os.close(os.open(path, os.O_WRONLY))


def any_cgroup_file(name: str) -> None:
    """Whether such a file of any hierarchy opens for writing. Raises OSError."""
    refused = FileNotFoundError(errno.ENOENT, name)
    for folder in ("/sys/fs/cgroup", *(entry.path for entry in os.scandir("/sys/fs/cgroup") if entry.is_dir())):
        try:
            return writable(f"{folder}/{name}")
        except FileNotFoundError:
            continue
        except OSError as err:
            refused = err  # type: ignore[assignment]
    raise refused


def attack_of(name: str) -> Callable[[], None]:
    """What a name stands for."""
    if name in CALLS:
        return lambda: call(name)
    if name in SOCKETS:
        return lambda: socket.socket(*SOCKETS[name]).close()
    kind, _, rest = name.partition(":")
    ways: dict[str, Callable[[], None]] = {
        "mount": lambda: mount(*rest.split("+")),
        "node": node,
        "write": lambda: writable(rest),
        "cgroup": lambda: any_cgroup_file(rest),
        "signal": lambda: os.kill(int(rest), 0),
        "read": lambda: os.close(os.open(rest, os.O_RDONLY)),
    }
    return ways[kind]


def outcome(name: str) -> str:
    """`done`, or why not."""
    try:
        attack_of(name)()
    except OSError as err:
        return errno.errorcode.get(err.errno or 0, str(err))
    return "done"


def in_a_child(name: str) -> str:
    """The same by a process of its own, which a success may change."""
    reader, writer = os.pipe()
    if (pid := os.fork()) == 0:
        os.write(writer, outcome(name).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        said = file.read()
    _pid, status = os.waitpid(pid, 0)
    return said or f"killed by {status}"


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: in_a_child(name) for name in sys.argv[1:]}))
