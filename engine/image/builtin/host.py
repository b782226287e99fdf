"""What of the host goes into the base image: its programs, Python with its standard library, terminals, a locale."""

import os
import re
import subprocess
from collections.abc import Iterator
from typing import Final

from engine.image.builtin.libraries import Libraries
from engine.image.builtin.plan import Plan, merged

SEARCH: Final = ("/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin")
"""The distribution's own first: what was put into /usr/local may lean on anything."""

SHELLS: Final = ("sh", "bash")

COREUTILS: Final = tuple(
    """
    [ arch b2sum base32 base64 basename basenc cat chgrp chmod chown chroot cksum comm cp csplit cut date dd df dir
    dircolors dirname du echo env expand expr factor false fmt fold groups head hostid id install join link ln
    logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk pinky pr printenv
    printf ptx pwd readlink realpath rm rmdir runcon seq sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf
    sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true truncate tsort tty uname
    unexpand uniq unlink users vdir wc who whoami yes
    """.split()
)

TOOLS: Final = tuple(
    """
    awk bunzip2 busybox bzcat bzip2 clear cmp diff egrep fgrep find flock free getent getopt grep gunzip gzip
    hexdump hostname infocmp ip ipcmk ipcrm ipcs kill killall less lessecho lesskey mawk more nologin pgrep pidof ping
    ping4 ping6 pkill pmap ps pstree pwdx renice reset rev sed setsid ss sysctl tabs tar taskset top tput tset uptime
    vi vmstat watch which xargs xz xzcat zcat
    """.split()
)
"""Whatever is there of these; nothing that mounts, and nothing that reaches out."""

LOADED_BY_NAME: Final = ("libgcc_s.so.1", "libnss_files.so.2", "libnss_dns.so.2")
"""What glibc opens while it runs, so that no header names it."""

TERMINFO: Final = ("/lib/terminfo", "/usr/share/terminfo")
_TERMINAL: Final = re.compile(
    r"(ansi|dumb|linux|vt100|vt102|vt220|(xterm|screen|tmux|rxvt|konsole|gnome|alacritty|foot|st|putty|kitty|wezterm)([-.+].*)?)"
)
TERMINALS_MAX: Final = 400

LOCALES: Final = ("/usr/lib/locale/C.utf8", "/usr/lib/locale/C.UTF-8")
_SCRIPT_SHELL: Final = re.compile(rb"#! ?/(usr/)?bin/(ba|da)?sh\b")


def find(name: str, folders: tuple[str, ...] = SEARCH) -> str | None:
    """The program of this name that the host would run."""
    for folder in folders:
        path = f"{folder}/{name}"
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def add_programs(plan: Plan, libraries: Libraries, folders: tuple[str, ...] = SEARCH) -> list[str]:
    """Plan every wanted program that is there; the real paths on the host of what has been planned."""
    added = []
    for name in (*SHELLS, *COREUTILS, *TOOLS):
        path = find(name, folders)
        if path and _can_run(path, libraries):
            plan.copy_resolved(path)
            added.append(os.path.realpath(path))
    _add_applets(plan, added)
    return added


def add_libraries(plan: Plan, libraries: Libraries, programs: list[str]) -> None:
    """Plan what the programs are linked against, and their loaders."""
    home = next((os.path.dirname(path) for path in libraries.closure(programs) if _is_libc(path)), None)
    loaded = [f"{home}/{name}" for name in LOADED_BY_NAME if libraries.header(f"{home}/{name}")]
    loaders = {header.interpreter for path in programs if (header := libraries.header(path))}
    for path in (*libraries.closure([*programs, *loaded]), *loaded):
        if home and path not in loaders and not merged(path).startswith("usr/lib"):
            # Without ld.so.cache the loader of the image looks into its default folders only.
            plan.copy(path, f"{home}/{os.path.basename(path)}")
        else:
            plan.copy_resolved(path)


def add_terminals(plan: Plan) -> None:
    """Plan the terminfo entries of the terminals that people use, where the host's own library looks for them."""
    entries = [path for folder in TERMINFO for path in _files(folder) if _TERMINAL.fullmatch(os.path.basename(path))]
    for path in entries[:TERMINALS_MAX]:
        plan.copy(path)


def add_locale(plan: Plan) -> None:
    """Plan the C.UTF-8 locale, without which programs take UTF-8 for bytes."""
    for folder in LOCALES:
        for path in _files(folder):
            plan.copy(path)


def _add_applets(plan: Plan, programs: list[str]) -> None:
    """Let busybox stand in for wanted programs that the host has not got by themselves."""
    busybox = next((path for path in programs if os.path.basename(path).startswith("busybox")), None)
    if busybox is None:
        return
    applets = _applets(busybox)
    for name in (*SHELLS, *COREUTILS, *TOOLS):
        if name in applets and not plan.has_program(name):
            plan.link(f"usr/bin/{name}", f"/{merged(busybox)}")


def _applets(busybox: str) -> set[str]:
    """Which programs a busybox can be: each is built with others, and it alone can say."""
    try:
        listed = subprocess.run([busybox, "--list"], stdin=subprocess.DEVNULL, capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return set()
    return set(listed.stdout.decode("ascii", "replace").split())


def _can_run(path: str, libraries: Libraries) -> bool:
    """A native program, or a shell's script; what another interpreter runs would not run in the image."""
    if libraries.header(os.path.realpath(path)) is not None:
        return True
    with open(path, "rb") as file:
        return _SCRIPT_SHELL.match(file.read(64)) is not None


def _is_libc(path: str) -> bool:
    return os.path.basename(path).startswith(("libc.so.", "libc.musl-"))


def _files(folder: str) -> Iterator[str]:
    """Every regular file below a folder, and every link to one, sorted."""
    for base, names, files in os.walk(folder):
        names.sort()
        for name in sorted(files):
            path = f"{base}/{name}"
            if os.path.isfile(path):
                yield path
