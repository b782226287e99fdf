"""Python for the base image: an interpreter of the host and its standard library, without what was installed on top.

Compiled files come along where they belong to a source that comes along: without them each program in a container
would compile what it imports, and write the result into the container's layer.
"""

import os
import re
import stat
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.image.builtin.plan import Plan, merged

CANDIDATES: Final = ("/usr/bin/python3", "/usr/local/bin/python3")
RELOCATED: Final = "/usr/local"
"""Where an interpreter goes whose own place, a home directory say, has no business in an image."""

LEFT_OUT: Final = frozenset(
    {"dist-packages", "site-packages", "test", "tests", "idlelib", "turtledemo", "ensurepip", "lib2to3", "__pycache__"}
)
_CONFIG_FOLDER: Final = re.compile(r"config-[0-9].*")
_COMPILED: Final = re.compile(r"(.+)\.cpython-[0-9]+\.pyc")
_INTERPRETER: Final = re.compile(r"python3\.[0-9]+t?")


class Interpreter(NamedTuple):
    """One Python of the host."""

    program: str
    """The real file, .../bin/python3.11."""
    prefix: str
    version: str
    """python3.11, as its folders are called."""

    folders: tuple[str, ...]
    """Those of its standard library; lib64 besides lib on some systems."""


def find(candidates: tuple[str, ...] = CANDIDATES) -> Interpreter | None:
    """The host's own Python, else the one that runs us, outside its virtual environment."""
    running = f"{sys.base_prefix}/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (*candidates, running):
        interpreter = _interpreter(path)
        if interpreter is not None:
            return interpreter
    return None


def add(plan: Plan, python: Interpreter) -> list[str]:
    """Plan the interpreter and its library; the files of the host that are to be searched for libraries."""
    home = python.prefix if python.prefix in {"/usr", "/usr/local"} else RELOCATED
    plan.copy(python.program, f"{home}/bin/{python.version}")
    plan.link(merged(f"{home}/bin/python3"), python.version)
    modules = [python.program]
    for folder in python.folders:
        for path in _library_files(folder):
            plan.copy(path, home + path[len(python.prefix) :])
            if path.endswith(".so"):
                modules.append(path)
    return modules


def _interpreter(path: str) -> Interpreter | None:
    """The interpreter behind a name; None where there is none, or it has no library beside it (a virtual one)."""
    real = os.path.realpath(path)
    folder, name = os.path.split(real)
    prefix = os.path.dirname(folder)
    if not _INTERPRETER.fullmatch(name) or os.path.basename(folder) != "bin" or not os.access(real, os.X_OK):
        return None
    libraries = dict.fromkeys(os.path.realpath(f"{prefix}/{lib}/{name}") for lib in ("lib", "lib64"))
    folders = tuple(library for library in libraries if os.path.isdir(library))
    if not any(os.path.isfile(f"{library}/os.py") for library in folders):
        return None
    return Interpreter(real, prefix, name, folders)


def _library_files(folder: str) -> Iterator[str]:
    """Regular files of the library. Links are left out: they lead out of it (sitecustomize.py to /etc)."""
    for base, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name not in LEFT_OUT and not _CONFIG_FOLDER.fullmatch(name))
        for name in (*files, *_compiled_files(base, set(files))):
            path = f"{base}/{name}"
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield path


def _compiled_files(folder: str, sources: set[str]) -> Iterator[str]:
    """The compiled files of those sources, without the optimised variants; names relative to the folder."""
    try:
        names = os.listdir(f"{folder}/__pycache__")
    except OSError:
        return
    for name in names:
        match = _COMPILED.fullmatch(name)
        if match and f"{match[1]}.py" in sources:
            yield f"__pycache__/{name}"
