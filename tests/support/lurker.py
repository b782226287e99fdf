"""A program inside a container that waits for processes of the engine to come in. It runs there: standard library only.

    python3 lurker.py DONE MARK     until the file DONE is there; then one line of JSON with what it could get

It holds the program file of every process that comes and goes (O_PATH), and opens it for writing when that is no longer
executed, as in CVE-2019-5736; and looks into memory maps and environments for what is of the host (MARK).
"""

import contextlib
import json
import os
import sys
import time


def look(pid: str, mark: bytes, held: dict[str, int], seen: set[str]) -> None:
    """One look at one process."""
    with contextlib.suppress(OSError):
        fd = os.open(f"/proc/{pid}/exe", os.O_PATH)
        if held.setdefault(f"{pid} {os.fstat(fd).st_ino}", fd) != fd:
            os.close(fd)
    for name in ("environ", "maps"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/{name}", "rb") as file:
            if mark in file.read():
                seen.add(name)


def overwritable(held: dict[str, int], own: int) -> list[str]:
    """Program files of others that open for writing."""
    found = []
    for name, fd in held.items():
        with contextlib.suppress(OSError):
            if os.fstat(fd).st_ino != own:
                os.close(os.open(f"/proc/self/fd/{fd}", os.O_WRONLY))
                found.append(f"{name.split()[0]} {os.readlink(f'/proc/self/fd/{fd}')}")
    return found


def main(done: str, mark: str) -> None:
    """Watch until told to stop."""
    held: dict[str, int] = {}
    seen: set[str] = set()
    pids: set[str] = set()
    own = os.stat("/proc/self/exe").st_ino
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not os.path.exists(done):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if pid != str(os.getpid()):
                pids.add(pid)
                look(pid, mark.encode(), held, seen)
    time.sleep(0.1)  # the last one has ended by now: nothing executes its file
    found = overwritable(held, own)
    sys.stdout.write(json.dumps({"pids": len(pids), "overwritable": found, "seen": sorted(seen)}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
