"""The client's side of a copy: which files of the host are meant, by the rules of `docker cp`.

Source: docs.docker.com, "docker container cp", Description.
"""

import os
import posixpath
import stat
from typing import NamedTuple

from engine.archive.refusals import quoted
from engine.errors import InvalidInput, NotFound


class Wanted(NamedTuple):
    """Where a copy from a container goes."""

    folder: str
    """An existing directory."""
    name: str
    """Of what is copied, in there; empty: what lies in a directory goes into `folder` itself."""
    only: str = ""
    """`file` where a directory cannot be copied to, `directory` where nothing else can."""


class Found(NamedTuple):
    """What of the host is copied to a container."""

    path: str
    name: str
    """Of it in the archive; empty for what lies in a directory."""
    info: os.stat_result

    @property
    def directory(self) -> bool:
        """Whether it is one."""
        return stat.S_ISDIR(self.info.st_mode)


def top_name(path: str) -> str:
    """What a source is called where it is copied to; empty for the content of a directory: `a/.`, `/`."""
    if posixpath.basename(path) == "." or path in ("", "."):
        return ""
    return posixpath.basename(posixpath.normpath(path)).removeprefix("..")


def target(path: str, source: str) -> Wanted:
    """Where `source`, a path of a container, goes. Raises `NotFound`, `InvalidInput`."""
    name = top_name(source)
    if os.path.isdir(path):
        return Wanted(path, name)
    asks_directory = path.endswith("/") or posixpath.basename(path) in (".", "..")
    resolved = os.path.realpath(path) if os.path.islink(path) else path.rstrip("/")
    folder = os.path.dirname(resolved) or "."
    if not os.path.isdir(folder):
        raise NotFound(f"there is no directory {_shown(folder)}", hint="make it first: mkdir -p")
    if not os.path.lexists(resolved):
        return Wanted(folder, os.path.basename(resolved), "directory" if asks_directory else "")
    if asks_directory or not stat.S_ISREG(os.lstat(resolved).st_mode):
        raise InvalidInput(f"{_shown(path)} is neither a file nor a directory", hint="choose another place")
    return Wanted(folder, os.path.basename(resolved), "file")


def source(path: str, *, follow: bool) -> Found:
    """What a path of the host means; a link itself, unless `follow`. Raises `NotFound`, `InvalidInput`."""
    try:
        name = top_name(path) if posixpath.basename(path.rstrip("/")) != ".." else top_name(os.path.realpath(path))
        return Found(path, name, os.stat(path) if follow else os.lstat(path))
    except FileNotFoundError as err:
        raise NotFound(f"there is no {_shown(path)} on this host", hint="check the path: ls -l") from err
    except OSError as err:
        raise InvalidInput(f"{_shown(path)} cannot be reached: {os.strerror(err.errno or 0).lower()}") from err


def _shown(path: str) -> str:
    return quoted(os.fsencode(path))
