"""The files in which Docker and podman keep credentials, and how one entry looks.

    {"auths": {"registry.example.com/team": {"auth": base64 of USER:PASSWORD}},
     "credHelpers": {"registry.example.com": "pass"},  "credsStore": "secretservice", ...}

What else is in a file belongs to other programs and stays as it is. A file is replaced whole, by one writer at a time
(a lock on its folder), with mode 0600 and its owner kept; a symbolic link stays one.

Source: containers-auth.json(5); Docker's documentation of `docker login`.
"""

import base64
import binascii
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from engine.errors import InvalidInput
from engine.image.registry.access.tokens import Credentials
from engine.image.registry.surroundings import config_home, home_of
from engine.state import files

FILE_MAX: Final = 1 << 20
"""Bytes."""
_FOR_OTHERS: Final = 0o077

Document = dict[str, Any]
Warn = Callable[[str], None]


def readable(environment: Mapping[str, str], authfile: str = "") -> list[str]:
    """The files to look into, in order; the one that an operator names is the only one."""
    if named := authfile or environment.get("REGISTRY_AUTH_FILE", ""):
        return [named]
    run = environment.get("XDG_RUNTIME_DIR", "")
    podmans = f"{run}/containers/auth.json" if run else f"/run/containers/{os.getuid()}/auth.json"
    home, dockers = config_home(environment), docker_file(environment)
    others = ([f"{home}/containers/auth.json"] if home else []) + ([dockers] if dockers else [])
    return [podmans, *others]


def writable(environment: Mapping[str, str], authfile: str = "") -> str:
    """The file that a login goes to: the one that is named, else Docker's, which podman reads. Raises InvalidInput."""
    path = authfile or environment.get("REGISTRY_AUTH_FILE", "") or docker_file(environment)
    if not path:
        raise InvalidInput("there is no place to keep a login: HOME is not set", hint="name one: --authfile FILE")
    return path


def docker_file(environment: Mapping[str, str]) -> str | None:
    """$DOCKER_CONFIG/config.json, else ~/.docker/config.json."""
    home = home_of(environment)
    folder = environment.get("DOCKER_CONFIG", "") or (f"{home}/.docker" if home else "")
    return f"{folder}/config.json" if folder else None


def read(path: str, warn: Warn = lambda _words: None) -> Document:
    """What is in a file; nothing where there is none. Raises InvalidInput for what is no such file."""
    try:
        data = files.read(path, limit=FILE_MAX)
        if data and os.stat(path).st_mode & _FOR_OTHERS:
            warn(f"others may read the credentials in {path}: chmod 600 {path}")
    except (OSError, ValueError) as err:
        raise InvalidInput(f"the credentials in {path} cannot be read: {err}") from err
    return parse(data, path) if data and data.strip() else {}


def parse(data: bytes, path: str) -> Document:
    """The document in a file's bytes. Raises InvalidInput."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise InvalidInput(f"{path} is damaged: {err}", hint="mend it, or move it away and log in again") from err
    if not isinstance(document, dict):
        raise InvalidInput(f"{path} has no JSON object in it", hint="mend it, or move it away and log in again")
    return document


def table(document: Document, key: str, path: str) -> dict[str, Any]:
    """One of the objects of a document, empty where there is none. Raises InvalidInput."""
    found = document.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InvalidInput(f"{path} is damaged: {key} is no object", hint="mend it, or move it away and log in again")
    return found


@contextmanager
def changing(path: str) -> Iterator[Document]:
    """A file's document, written back at the end of the block. Raises InvalidInput where it cannot be."""
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as err:
        raise InvalidInput(f"the credentials cannot be kept in {path}: {err.strerror}") from err
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        document = read(path)
        yield document
        _write(path, document)
    finally:
        os.close(lock)


def _write(path: str, document: Document) -> None:
    try:
        before = os.stat(path) if os.path.exists(path) else None
        files.replace(path, json.dumps(document, indent="\t").encode() + b"\n", mode=0o600)
        if before and (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(path, before.st_uid, before.st_gid, follow_symlinks=False)
    except OSError as err:
        raise InvalidInput(f"the credentials cannot be kept in {path}: {err.strerror}") from err


def read_entry(entry: object, where: str) -> Credentials | None:
    """One entry of `auths`; None for an empty one. Raises InvalidInput, which never has a part of it in its words."""
    if not isinstance(entry, dict):
        raise InvalidInput(f"{where} is damaged", hint="log in again")
    fields = {key: entry.get(key) or "" for key in ("auth", "username", "password", "identitytoken", "registrytoken")}
    if not all(isinstance(value, str) for value in fields.values()):
        raise InvalidInput(f"{where} is damaged", hint="log in again")
    username, password = fields["username"], fields["password"]
    if fields["auth"]:
        username, password = _user_and_password(fields["auth"], where)
    found = Credentials(username, password, fields["identitytoken"], fields["registrytoken"])
    return found if any(found) else None


def entry_of(credentials: Credentials) -> dict[str, str]:
    """What is kept of credentials."""
    pair = f"{credentials.username}:{credentials.password}".encode()
    kept = {"auth": base64.b64encode(pair).decode("ascii")}
    return kept | ({"identitytoken": credentials.identity_token} if credentials.identity_token else {})


def _user_and_password(auth: str, where: str) -> tuple[str, str]:
    try:
        pair = base64.b64decode(auth, validate=True).decode().rstrip("\0")
    except (binascii.Error, ValueError) as err:
        raise InvalidInput(f"{where} is damaged: auth is not base64", hint="log in again") from err
    username, colon, password = pair.partition(":")
    if not colon or not username:
        raise InvalidInput(f"{where} is damaged: auth is not USER:PASSWORD", hint="log in again")
    return username, password
