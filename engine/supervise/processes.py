"""The processes of a container, read from /proc."""

import os

from engine import model
from engine.kernel import files, proc
from engine.supervise.parts import Parts
from engine.supervise.registry import Live

_TICK_USEC = 1_000_000 // os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_COMMAND_MAX = 4096
"""Bytes of a command line that are shown; a process may make its own as long as it likes."""


def listing(parts: Parts, live: Live) -> list[model.Process]:
    """The processes of its control group, or, without one, of its pid namespace; pid 1 first."""
    live.require_active()
    pids = parts.cgroups.pids(live.id) or _in_namespace_of(live.state.pid)
    boot_ns = boot_time_ns(files.read("/proc/stat"))
    found = [process for process in (_read(pid, boot_ns) for pid in pids) if process is not None]
    return sorted(found, key=lambda process: process.pid_inside)


def _in_namespace_of(pid: int) -> list[int]:
    """Every process that has the pid namespace of this one."""
    wanted = os.readlink(f"/proc/{pid}/ns/pid")
    return [int(entry) for entry in os.listdir("/proc") if entry.isdecimal() and _namespace(entry) == wanted]


def _namespace(pid: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def _read(pid: int, boot_ns: int) -> model.Process | None:
    """One process; None where it has just gone."""
    try:
        stat = files.read(f"/proc/{pid}/stat")
        status = proc.parse_status(files.read(f"/proc/{pid}/status"))
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = proc.parse_cmdline(file.read(_COMMAND_MAX))
        return describe(pid, stat, status, command, boot_ns)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None


def describe(pid: int, stat: str, status: dict[str, str], command: tuple[str, ...], boot_ns: int) -> model.Process:
    """A process from the texts of its files.

    Source: proc_pid_stat(5): fields 3 state, 4 ppid, 7 tty_nr, 14 utime, 15 stime, 22 starttime, 24 rss.
    """
    name = stat[stat.index("(") + 1 : stat.rindex(")")]
    fields = stat[stat.rindex(")") + 1 :].split()
    return model.Process(
        pid=pid,
        pid_inside=proc.inner_pid(status),
        ppid=int(fields[1]),
        user=str(proc.real_uid(status)),
        state=fields[0],
        tty=tty_name(int(fields[4])),
        cpu_usec=(int(fields[11]) + int(fields[12])) * _TICK_USEC,
        memory_bytes=int(fields[21]) * _PAGE,
        started_ns=boot_ns + int(fields[19]) * _TICK_USEC * 1000,
        command=command or (f"[{name}]",),
    )


def tty_name(number: int) -> str:
    """A terminal by its device number: majors 136 to 143 are pseudo-terminals. Source: devices.txt of the kernel."""
    major, minor = os.major(number), os.minor(number)
    return f"pts/{minor + 256 * (major - 136)}" if 136 <= major <= 143 else "?"


def boot_time_ns(stat: str) -> int:
    """When this machine was started, from the line `btime` of /proc/stat."""
    for line in stat.splitlines():
        if line.startswith("btime "):
            return int(line.split()[1]) * 10**9
    return 0
