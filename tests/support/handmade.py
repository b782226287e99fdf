"""A root directory made by hand: a shell and a few programs with the libraries that ldd names."""

import os
import shutil
import subprocess

PROGRAMS = ("sh", "cat", "ls", "id", "mount", "stty", "tty", "sleep", "env", "true", "touch", "mkfifo")
PASSWD = "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh\n"
GROUP = "root:x:0:\nbob:x:1000:\nmail:x:8:root,bob\n"


def make_root(folder: str) -> str:
    """Fill a folder and return it."""
    os.chmod(folder, 0o755)
    for name in ("bin", "etc", "tmp", "opt", "root", "home/bob"):
        os.makedirs(f"{folder}/{name}")
    for program in PROGRAMS:
        found = shutil.which(program)
        assert found is not None, f"this host has no {program}"
        shutil.copy(os.path.realpath(found), f"{folder}/bin/{program}")
        for library in libraries(found):
            copy_library(library, folder)
    _write(f"{folder}/etc/passwd", PASSWD)
    _write(f"{folder}/etc/group", GROUP)
    return folder


def libraries(program: str) -> list[str]:
    """The paths of the shared libraries of a program, as ldd names them; none of a static one."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, timeout=30)
    return [word for word in listed.stdout.split() if word.startswith("/")]


def copy_library(library: str, folder: str) -> None:
    """Put a library of the host at its own path below a root."""
    target = folder + library
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if not os.path.exists(target):
        shutil.copy(os.path.realpath(library), target)


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
